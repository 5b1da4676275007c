//! Writes finished requests with all that belongs to them.

use super::RequestDays;
use crate::{
    error::{from_sqlx, inconsistent},
    presence::Presence,
    reservations::{encode, one_per_cap, storable_key},
    text::{all_storable, storable},
    writer::Sink,
};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use std::{borrow::Cow, collections::HashSet, sync::Arc};
use tokio::sync::Notify;
use weir_engine::{
    metrics::bucket::bucket_of,
    store::{LeaseKey, RequestRecord, StoreError},
};

/// A request, its trace, bodies, charges and cache hit, encoded by the caller's task so that the writer does nothing but
/// write.
pub(crate) struct NewRecord {
    id: String,
    pub(super) started_ms: i64,
    /// JSON of [`Columns`].
    columns: String,
    charges: Vec<Charge>,
    request_body: Option<Vec<u8>>,
    response_body: Option<Vec<u8>>,
    hit_key: Option<String>,
}

/// A charge as the statement below reads it.
#[derive(Serialize)]
struct Charge {
    request_id: String,
    id: String,
    amount_nanousd: i64,
    unsettled_nanousd: i64,
    settled: bool,
    at_ms: i64,
    leases: Vec<LeaseKey>,
    /// Also when the request has been recorded before.
    anyway: bool,
}

impl NewRecord {
    /// A request that has ended.
    pub(crate) fn new(record: RequestRecord) -> Result<NewRecord, StoreError> {
        let ended_ms = record
            .row
            .started_ms
            .saturating_add(record.row.duration_us / 1000);
        NewRecord::encode(record, ended_ms, false)
    }

    /// A request whose reservations are charged now, whether or not it is recorded already.
    pub(crate) fn charged_anyway(record: RequestRecord, now_ms: i64) -> Result<NewRecord, StoreError> {
        NewRecord::encode(record, now_ms, true)
    }

    fn encode(record: RequestRecord, at_ms: i64, anyway: bool) -> Result<NewRecord, StoreError> {
        let id = storable(&record.row.id).into_owned();
        let columns = Columns::encode(&id, &record)?;
        let charges = record.settlements.iter().map(|settlement| Charge {
            request_id: id.clone(),
            id: storable(&settlement.reservation_id).into_owned(),
            amount_nanousd: settlement.amount_nanousd.0,
            unsettled_nanousd: if settlement.settled {
                0
            } else {
                settlement.amount_nanousd.0
            },
            settled: settlement.settled,
            at_ms,
            leases: one_per_cap(&settlement.leases, |key| key)
                .into_iter()
                .map(storable_key)
                .collect(),
            anyway,
        });
        Ok(NewRecord {
            charges: charges.collect(),
            started_ms: record.row.started_ms,
            columns,
            request_body: record.request_body.map(String::into_bytes),
            response_body: record.response_body.map(String::into_bytes),
            hit_key: record.hit_key.map(|key| storable(&key).into_owned()),
            id,
        })
    }
}

/// The columns of `requests`, and what is derived of them.
#[derive(Serialize)]
struct Columns<'a> {
    id: &'a str,
    started_ms: i64,
    duration_us: i64,
    first_byte_us: i64,
    upstream_us: i64,
    endpoint: Cow<'a, str>,
    streamed: bool,
    key_id: Cow<'a, str>,
    team: Cow<'a, str>,
    user_name: Cow<'a, str>,
    session: Cow<'a, str>,
    event: Cow<'a, str>,
    tags: Vec<Cow<'a, str>>,
    client_ip: Cow<'a, str>,
    intent: Cow<'a, str>,
    requested_model: Cow<'a, str>,
    tier: &'static str,
    provider: Cow<'a, str>,
    model: Cow<'a, str>,
    simulated: bool,
    cache: &'static str,
    variants: Vec<Cow<'a, str>>,
    status: &'static str,
    http_status: u16,
    error: Cow<'a, str>,
    attempts: u32,
    input_tokens: i64,
    cache_read_tokens: i64,
    cache_write_tokens: i64,
    output_tokens: i64,
    reasoning_tokens: i64,
    cost_nanousd: i64,
    saved_nanousd: i64,
    cost_basis: &'static str,
    price_id: Cow<'a, str>,
    price_unknown: bool,
    /// JSON within JSON: its zero bytes are escaped, so it is stored as it is.
    steps: String,
    latency_bucket: i32,
}

impl Columns<'_> {
    fn encode(id: &str, record: &RequestRecord) -> Result<String, StoreError> {
        let row = &record.row;
        let steps = serde_json::to_string(&record.trace)
            .map_err(|error| inconsistent("request_traces", "steps", id, error))?;
        let columns = Columns {
            id,
            started_ms: row.started_ms,
            duration_us: row.duration_us,
            first_byte_us: row.first_byte_us,
            upstream_us: row.upstream_us,
            endpoint: storable(&row.endpoint),
            streamed: row.streamed,
            key_id: storable(&row.key_id),
            team: storable(&row.team),
            user_name: storable(&row.user),
            session: storable(&row.session),
            event: storable(&row.event),
            tags: all_storable(&row.tags),
            client_ip: storable(&row.client_ip),
            intent: storable(&row.intent),
            requested_model: storable(&row.requested_model),
            tier: row.tier.map_or("", |tier| tier.as_str()),
            provider: storable(&row.provider),
            model: storable(&row.model),
            simulated: row.simulated,
            cache: row.cache.as_str(),
            variants: all_storable(&row.variants),
            status: row.status.as_str(),
            http_status: row.http_status,
            error: storable(&row.error),
            attempts: row.attempts,
            input_tokens: row.tokens.input,
            cache_read_tokens: row.tokens.cache_read,
            cache_write_tokens: row.tokens.cache_write,
            output_tokens: row.tokens.output,
            reasoning_tokens: row.tokens.reasoning,
            cost_nanousd: row.cost_nanousd.0,
            saved_nanousd: row.saved_nanousd.0,
            cost_basis: row.cost_basis.as_str(),
            price_id: storable(&row.price_id),
            price_unknown: row.price_unknown,
            steps,
            latency_bucket: bucket_of(row.duration_us),
        };
        serde_json::to_string(&columns).map_err(|error| inconsistent("requests", "id", id, error))
    }
}

/// Records requests; nothing of one that is recorded already.
#[derive(Clone)]
pub(crate) struct RecordSink {
    pub(crate) pool: PgPool,
    pub(crate) presence: Presence,
    pub(crate) days: Arc<RequestDays>,
    /// Told after each commit, so that the rollups follow.
    pub(crate) recorded: Arc<Notify>,
}

impl Sink<NewRecord> for RecordSink {
    async fn write(&self, records: &[NewRecord]) -> Result<(), StoreError> {
        self.presence.during(self.commit(records)).await
    }
}

impl RecordSink {
    async fn commit(&self, records: &[NewRecord]) -> Result<(), StoreError> {
        self.days.make_room(&self.pool, records).await?;
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let mut outcome = write_records(&mut connection, records).await;
        if matches!(outcome, Err(StoreError::Inconsistent { .. })) {
            // The day may have been dropped since it was made.
            self.days.forget();
            self.days.make_room(&self.pool, records).await?;
            outcome = write_records(&mut connection, records).await;
        }
        if outcome.is_ok() {
            self.recorded.notify_one();
        }
        outcome
    }
}

/// What the statement takes: one value per list of rows.
#[derive(Default)]
struct Lists {
    columns: String,
    charges: String,
    hits: String,
    body_ids: Vec<String>,
    request_bodies: Vec<Option<Vec<u8>>>,
    response_bodies: Vec<Option<Vec<u8>>>,
}

#[derive(Serialize)]
struct Hit<'a> {
    request_id: &'a str,
    key: &'a str,
    at_ms: i64,
}

impl Lists {
    fn of(records: &[NewRecord]) -> Result<Lists, StoreError> {
        let mut seen = HashSet::new();
        let mut lists = Lists::default();
        let (mut charges, mut hits, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for record in records.iter().filter(|record| seen.insert(&record.id)) {
            columns.push(record.columns.as_str());
            charges.extend(&record.charges);
            hits.extend(record.hit_key.as_deref().map(|key| Hit {
                request_id: &record.id,
                key,
                at_ms: record.started_ms,
            }));
            if record.request_body.is_some() || record.response_body.is_some() {
                lists.body_ids.push(record.id.clone());
                lists.request_bodies.push(record.request_body.clone());
                lists.response_bodies.push(record.response_body.clone());
            }
        }
        lists.columns = format!("[{}]", columns.join(","));
        lists.charges = encode(&charges)?;
        lists.hits = encode(&hits)?;
        Ok(lists)
    }
}

/// Writes rows, traces and bodies, takes the reservations away, gives free what they held, charges what was spent and counts
/// hits, all in one statement and only for requests that were not recorded yet.
///
/// Leases and entries are written in order, so that two such statements cannot wait for each other.
pub(crate) async fn write_records(
    connection: &mut PgConnection,
    records: &[NewRecord],
) -> Result<(), StoreError> {
    let lists = Lists::of(records)?;
    sqlx::query_file!(
        "src/requests/record.sql",
        lists.columns,
        &lists.body_ids,
        &lists.request_bodies as &[Option<Vec<u8>>],
        &lists.response_bodies as &[Option<Vec<u8>>],
        lists.charges,
        lists.hits
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
