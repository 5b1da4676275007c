//! What values spent by hour, and the bought requests behind one of those hours.

use crate::error::from_sqlx;
use sqlx::SqlitePool;
use weir_contract::{NanoUsd, model::time::TimeRange};
use weir_engine::store::{BoughtRequest, Dimension, HourSpend, StoreError};

/// Each hour in which the value asked, oldest first.
pub(super) async fn hours(
    readers: &SqlitePool,
    dimension: Dimension,
    value: &str,
    range: TimeRange,
) -> Result<Vec<HourSpend>, StoreError> {
    let dimension = dimension.as_str();
    sqlx::query_as!(
        HourSpend,
        "SELECT at_ms, requests, max(requests - hits - refused, 0) AS \"bought!: i64\", cost_nanousd
         FROM rollup_counters INDEXED BY rollup_hours_by_value
         WHERE grain = 'hour' AND dimension = ? AND value = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
        dimension,
        value,
        range.from_ms,
        range.to_ms
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)
}

/// The values that spent so much in the whole range, the largest first.
pub(super) async fn values_above(
    readers: &SqlitePool,
    dimension: Dimension,
    range: TimeRange,
    least: NanoUsd,
    most: u32,
) -> Result<Vec<(String, HourSpend)>, StoreError> {
    let dimension = dimension.as_str();
    let rows = sqlx::query!(
        "SELECT value, sum(requests) AS \"requests!: i64\",
                sum(max(requests - hits - refused, 0)) AS \"bought!: i64\", sum(cost_nanousd) AS \"cost!: i64\"
         FROM rollup_counters NOT INDEXED
         WHERE grain = 'hour' AND dimension = ? AND at_ms >= ? AND at_ms < ?
         GROUP BY value HAVING sum(cost_nanousd) >= ? ORDER BY 4 DESC, value LIMIT ?",
        dimension,
        range.from_ms,
        range.to_ms,
        least.0,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let spend = rows.into_iter().map(|row| {
        let spend = HourSpend {
            at_ms: range.from_ms,
            requests: row.requests,
            bought: row.bought,
            cost_nanousd: row.cost,
        };
        (row.value, spend)
    });
    Ok(spend.collect())
}

/// All requests together. Each counts once in every dimension that has hours, so the one without values has the same sum.
pub(super) async fn all(readers: &SqlitePool, range: TimeRange) -> Result<HourSpend, StoreError> {
    sqlx::query_as!(
        HourSpend,
        "SELECT ?1 AS \"at_ms!: i64\", coalesce(sum(requests), 0) AS \"requests!: i64\",
                coalesce(sum(max(requests - hits - refused, 0)), 0) AS \"bought!: i64\",
                coalesce(sum(cost_nanousd), 0) AS \"cost_nanousd!: i64\"
         FROM rollup_counters NOT INDEXED WHERE grain = 'hour' AND dimension = 'all' AND at_ms >= ?1 AND at_ms < ?2",
        range.from_ms,
        range.to_ms
    )
    .fetch_one(readers)
    .await
    .map_err(from_sqlx)
}

/// The log's own rows; the index on time bounds what is read.
pub(super) async fn bought_requests(
    readers: &SqlitePool,
    dimension: Dimension,
    value: &str,
    range: TimeRange,
    most: u32,
) -> Result<Vec<BoughtRequest>, StoreError> {
    let dimension = dimension.as_str();
    sqlx::query_as!(
        BoughtRequest,
        "SELECT started_ms, cost_nanousd FROM requests
         WHERE started_ms >= ?1 AND started_ms < ?2 AND cost_nanousd > 0
           AND CASE ?3 WHEN 'all' THEN '' WHEN 'user' THEN user_name WHEN 'team' THEN team WHEN 'event' THEN event
                       WHEN 'key' THEN key_id WHEN 'intent' THEN intent WHEN 'tier' THEN tier
                       WHEN 'provider' THEN provider WHEN 'model' THEN model END = ?4
         ORDER BY started_ms, seq LIMIT ?5",
        range.from_ms,
        range.to_ms,
        dimension,
        value,
        most
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)
}
