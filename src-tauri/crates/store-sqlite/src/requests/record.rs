//! Writes a finished request with all that belongs to it.

use crate::{
    error::{from_sqlx, inconsistent},
    reservations::{Settling, settle},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::request::{RequestRow, TraceStep};
use weir_engine::store::{RequestRecord, StoreError};

/// The request, its trace, bodies, charges and cache hit; nothing when it is recorded already.
pub(super) struct Record {
    record: RequestRecord,
    /// Encoded by the caller's task, so that the writer does nothing but write.
    steps: String,
}

impl Record {
    pub(super) fn new(record: RequestRecord) -> Result<Record, StoreError> {
        let steps = encode_trace(&record.row.id, &record.trace)?;
        Ok(Record { record, steps })
    }
}

fn encode_trace(id: &str, trace: &[TraceStep]) -> Result<String, StoreError> {
    serde_json::to_string(trace).map_err(|error| inconsistent("request_traces", "steps", id, error))
}

#[async_trait]
impl Operation for Record {
    type Reply = ();
    const TOGETHER: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        record(connection, &[self]).await
    }

    async fn apply_together(
        operations: &[&Record],
        connection: &mut SqliteConnection,
    ) -> Result<Vec<()>, StoreError> {
        record(connection, operations).await?;
        Ok(vec![(); operations.len()])
    }
}

/// Writes each request, then the charges and cache hits of all that were new.
async fn record(connection: &mut SqliteConnection, operations: &[&Record]) -> Result<(), StoreError> {
    let mut settlings = Vec::with_capacity(operations.len());
    let mut hits = Vec::new();
    for Record { record, steps } in operations {
        let details = Details {
            steps: Some(steps),
            request_body: record.request_body.as_deref(),
            response_body: record.response_body.as_deref(),
        };
        let row = &record.row;
        if !insert_request(connection, row, details).await? {
            continue;
        }
        let ended_ms = row.started_ms.saturating_add(row.duration_us / 1000);
        settlings.extend(record.settlements.iter().map(|settlement| Settling {
            settlement,
            at_ms: ended_ms,
        }));
        hits.extend(record.hit_key.as_deref().map(|key| (key, row.started_ms)));
    }
    settle(connection, &settlings).await?;
    count_hits(connection, &hits).await
}

/// Counts hits on their entries; each is a key and when it was hit.
async fn count_hits(connection: &mut SqliteConnection, hits: &[(&str, i64)]) -> Result<(), StoreError> {
    if hits.is_empty() {
        return Ok(());
    }
    let hits =
        serde_json::to_string(hits).map_err(|error| inconsistent("cache_entries", "hits", "", error))?;
    sqlx::query!(
        "UPDATE cache_entries SET hits = hits + hit.n, last_hit_ms = max(coalesce(last_hit_ms, hit.at_ms), hit.at_ms)
         FROM (SELECT value ->> 0 AS key, count(*) AS n, max(value ->> 1) AS at_ms FROM json_each(?) GROUP BY 1) AS hit
         WHERE cache_entries.key = hit.key",
        hits
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// What is kept beside a request's row.
#[derive(Default)]
pub(crate) struct Details<'a> {
    /// The trace as JSON; none is an empty one.
    pub(crate) steps: Option<&'a str>,
    pub(crate) request_body: Option<&'a str>,
    pub(crate) response_body: Option<&'a str>,
}

/// Writes row, trace and bodies; false when the request is there already and nothing was written.
///
/// All in one trip to SQLite's thread: the trips cost more than the statements. `changes()` in each statement is what
/// the one before inserted.
pub(crate) async fn insert_request(
    connection: &mut SqliteConnection,
    row: &RequestRow,
    details: Details<'_>,
) -> Result<bool, StoreError> {
    let encode = |column: &'static str, texts: &[String]| {
        if texts.is_empty() {
            return Ok("[]".to_owned());
        }
        serde_json::to_string(texts).map_err(|error| inconsistent("requests", column, &row.id, error))
    };
    let tags = encode("tags", &row.tags)?;
    let variants = encode("variants", &row.variants)?;
    let tier = row.tier.map_or("", |tier| tier.as_str());
    let (cache, status, basis) = (row.cache.as_str(), row.status.as_str(), row.cost_basis.as_str());
    let attempts = i64::from(row.attempts);
    let http_status = i64::from(row.http_status);
    let steps = details.steps.unwrap_or("[]");
    let has_body = details.request_body.is_some() || details.response_body.is_some();
    let done = sqlx::query!(
        "INSERT INTO requests (
             id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team, user_name,
             session, event, tags, client_ip, intent, requested_model, tier, provider, model, simulated,
             cache, variants, status, http_status, error, attempts, input_tokens, cache_read_tokens,
             cache_write_tokens, output_tokens, reasoning_tokens, cost_nanousd, saved_nanousd, cost_basis, price_id,
             price_unknown)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING;
         INSERT INTO request_traces (seq, steps) SELECT last_insert_rowid(), ? WHERE changes() > 0;
         INSERT INTO request_bodies (seq, started_ms, request_body, response_body)
         SELECT last_insert_rowid(), ?, ?, ? WHERE changes() > 0 AND ?",
        row.id,
        row.started_ms,
        row.duration_us,
        row.first_byte_us,
        row.upstream_us,
        row.endpoint,
        row.streamed,
        row.key_id,
        row.team,
        row.user,
        row.session,
        row.event,
        tags,
        row.client_ip,
        row.intent,
        row.requested_model,
        tier,
        row.provider,
        row.model,
        row.simulated,
        cache,
        variants,
        status,
        http_status,
        row.error,
        attempts,
        row.tokens.input,
        row.tokens.cache_read,
        row.tokens.cache_write,
        row.tokens.output,
        row.tokens.reasoning,
        row.cost_nanousd.0,
        row.saved_nanousd.0,
        basis,
        row.price_id,
        row.price_unknown,
        steps,
        row.started_ms,
        details.request_body,
        details.response_body,
        has_body
    )
    .execute(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(done.rows_affected() > 0)
}
