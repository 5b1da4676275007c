//! Brings the rollups up to date: counts every recorded request once.

use super::sums::{Counted, Sums};
use crate::{
    error::{from_sqlx, inconsistent},
    limits::append_to_log,
    writer::Operation,
};
use async_trait::async_trait;
use serde::Serialize;
use sqlx::SqliteConnection;
use weir_contract::model::limit::EXPENSIVE_INPUT_TOKENS;
use weir_engine::{
    limit::replay_log,
    store::{ReplayedRequest, StoreError},
};

/// Counts the oldest requests that are not counted yet, and moves the cursor behind them in the same transaction: a
/// crash counts none twice and forgets none. Replies how many there were.
pub(crate) struct Fold;

impl Fold {
    /// Most requests in one transaction, so that recording is never held up for long. So many in the reply mean that
    /// there may be more.
    pub(crate) const MOST: usize = 2000;
}

#[async_trait]
impl Operation for Fold {
    type Reply = usize;
    // This syncs everything recorded before it, and so bounds what a power cut can take.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<usize, StoreError> {
        let most = Fold::MOST as i64;
        let requests = sqlx::query_as!(
            Counted,
            "SELECT seq, started_ms, duration_us, key_id, team, user_name, client_ip,
                    event, intent, tier, provider, model, simulated, cache, variants,
                    status, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
                    cost_nanousd, saved_nanousd, cost_basis, price_unknown
             FROM requests WHERE seq > (SELECT last_seq FROM rollup_cursor) ORDER BY seq LIMIT ?",
            most
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(last) = requests.last() else { return Ok(0) };
        let mut sums = Sums::default();
        requests.iter().for_each(|request| sums.add(request));
        add_counters(connection, &sums).await?;
        add_latency(connection, &sums).await?;
        mark_keys(connection, &sums).await?;
        log_for_drafts(connection, &requests).await?;
        sqlx::query!("UPDATE rollup_cursor SET last_seq = ?", last.seq)
            .execute(connection)
            .await
            .map_err(from_sqlx)?;
        Ok(requests.len())
    }
}

fn encode(table: &'static str, rows: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| inconsistent(table, "value", "new", error))
}

async fn add_counters(connection: &mut SqliteConnection, sums: &Sums) -> Result<(), StoreError> {
    let rows = encode("rollup_counters", &sums.counter_rows())?;
    // `WHERE true` tells SQLite that ON CONFLICT does not belong to a join.
    sqlx::query!(
        "INSERT INTO rollup_counters (
             grain, dimension, at_ms, value,
             requests, hits, misses, bypassed, errors, refused, cost_nanousd, saved_nanousd, unsettled_nanousd,
             price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
             reasoning_tokens)
         SELECT row ->> 'grain', row ->> 'dimension', row ->> 'at_ms', row ->> 'value',
                row ->> 'requests', row ->> 'hits', row ->> 'misses', row ->> 'bypassed', row ->> 'errors',
                row ->> 'refused', row ->> 'cost_nanousd', row ->> 'saved_nanousd', row ->> 'unsettled_nanousd',
                row ->> 'price_unknown', row ->> 'simulated', row ->> 'input_tokens', row ->> 'cache_read_tokens',
                row ->> 'cache_write_tokens', row ->> 'output_tokens', row ->> 'reasoning_tokens'
         FROM (SELECT value AS row FROM json_each(?)) WHERE true
         ON CONFLICT DO UPDATE SET
             requests = requests + excluded.requests, hits = hits + excluded.hits, misses = misses + excluded.misses,
             bypassed = bypassed + excluded.bypassed, errors = errors + excluded.errors,
             refused = refused + excluded.refused, cost_nanousd = cost_nanousd + excluded.cost_nanousd,
             saved_nanousd = saved_nanousd + excluded.saved_nanousd,
             unsettled_nanousd = unsettled_nanousd + excluded.unsettled_nanousd,
             price_unknown = price_unknown + excluded.price_unknown, simulated = simulated + excluded.simulated,
             input_tokens = input_tokens + excluded.input_tokens,
             cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
             cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
             output_tokens = output_tokens + excluded.output_tokens,
             reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens",
        rows
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

async fn add_latency(connection: &mut SqliteConnection, sums: &Sums) -> Result<(), StoreError> {
    let rows = encode("rollup_latency", &sums.latency_rows())?;
    sqlx::query!(
        "INSERT INTO rollup_latency (grain, at_ms, bucket, n)
         SELECT row ->> 'grain', row ->> 'at_ms', row ->> 'bucket', row ->> 'n'
         FROM (SELECT value AS row FROM json_each(?)) WHERE true
         ON CONFLICT DO UPDATE SET n = n + excluded.n",
        rows
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Notes when keys were last used; here, because once in a while is enough.
async fn mark_keys(connection: &mut SqliteConnection, sums: &Sums) -> Result<(), StoreError> {
    if sums.used_keys().is_empty() {
        return Ok(());
    }
    let used = encode("virtual_keys", sums.used_keys())?;
    sqlx::query!(
        "UPDATE virtual_keys SET last_used_ms = max(coalesce(last_used_ms, used.value), used.value)
         FROM json_each(?) AS used WHERE used.key = virtual_keys.id",
        used
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Writes down what trying a draft limit needs. An embedding of many short texts looks like any other call here: how many
/// there were is not recorded.
async fn log_for_drafts(connection: &mut SqliteConnection, requests: &[Counted]) -> Result<(), StoreError> {
    let mut log = Vec::new();
    for request in requests {
        let input = request.input_tokens + request.cache_read_tokens + request.cache_write_tokens;
        replay_log::append(
            &mut log,
            &ReplayedRequest {
                at_ms: request.started_ms,
                duration_ms: request.duration_us / 1_000,
                tokens: input + request.output_tokens + request.reasoning_tokens,
                cost_nanousd: request.cost_nanousd,
                is_expensive: input > EXPENSIVE_INPUT_TOKENS.cast_signed(),
                key: &request.key_id,
                user: &request.user_name,
                ip: &request.client_ip,
                event: &request.event,
                intent: &request.intent,
            },
        );
    }
    let until_ms = requests.iter().map(|request| request.started_ms).max();
    append_to_log(connection, &log, until_ms.unwrap_or(0)).await
}
