//! What values spent by hour, and the bought requests behind one of those hours.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::{NanoUsd, model::time::TimeRange};
use weir_engine::store::{BoughtRequest, Dimension, HourSpend, StoreError};

/// Each hour in which the value asked, oldest first.
pub(super) async fn hours(
    pool: &PgPool,
    dimension: Dimension,
    value: &str,
    range: TimeRange,
) -> Result<Vec<HourSpend>, StoreError> {
    let dimension = dimension.as_str();
    sqlx::query_as!(
        HourSpend,
        "SELECT at_ms, requests, greatest(requests - hits - refused, 0) AS \"bought!\", cost_nanousd
         FROM rollup_counters
         WHERE grain = 'hour' AND dimension = $1 AND value = $2 AND at_ms >= $3 AND at_ms < $4 ORDER BY at_ms",
        dimension,
        storable(value).into_owned(),
        range.from_ms,
        range.to_ms
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)
}

/// The values that spent so much in the whole range, the largest first.
pub(super) async fn values_above(
    pool: &PgPool,
    dimension: Dimension,
    range: TimeRange,
    least: NanoUsd,
    most: u32,
) -> Result<Vec<(String, HourSpend)>, StoreError> {
    let dimension = dimension.as_str();
    let rows = sqlx::query!(
        "SELECT value, sum(requests)::bigint AS \"requests!\",
                sum(greatest(requests - hits - refused, 0))::bigint AS \"bought!\", sum(cost_nanousd)::bigint AS \"cost!\"
         FROM rollup_counters
         WHERE grain = 'hour' AND dimension = $1 AND at_ms >= $2 AND at_ms < $3
         GROUP BY value HAVING sum(cost_nanousd) >= $4::bigint ORDER BY 4 DESC, value LIMIT $5",
        dimension,
        range.from_ms,
        range.to_ms,
        least.0,
        i64::from(most)
    )
    .fetch_all(pool)
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
pub(super) async fn all(pool: &PgPool, range: TimeRange) -> Result<HourSpend, StoreError> {
    sqlx::query_as!(
        HourSpend,
        "SELECT $1::bigint AS \"at_ms!\", coalesce(sum(requests), 0)::bigint AS \"requests!\",
                coalesce(sum(greatest(requests - hits - refused, 0)), 0)::bigint AS \"bought!\",
                coalesce(sum(cost_nanousd), 0)::bigint AS \"cost_nanousd!\"
         FROM rollup_counters WHERE grain = 'hour' AND dimension = 'all' AND at_ms >= $1 AND at_ms < $2",
        range.from_ms,
        range.to_ms
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

/// The log's own rows; the index on time bounds what is read.
pub(super) async fn bought_requests(
    pool: &PgPool,
    dimension: Dimension,
    value: &str,
    range: TimeRange,
    most: u32,
) -> Result<Vec<BoughtRequest>, StoreError> {
    let dimension = dimension.as_str();
    sqlx::query_as!(
        BoughtRequest,
        "SELECT started_ms, cost_nanousd FROM requests
         WHERE started_ms >= $1 AND started_ms < $2 AND cost_nanousd > 0
           AND (CASE $3::text WHEN 'all' THEN '' WHEN 'user' THEN user_name WHEN 'team' THEN team WHEN 'event' THEN event
                       WHEN 'key' THEN key_id WHEN 'intent' THEN intent WHEN 'tier' THEN tier
                       WHEN 'provider' THEN provider WHEN 'model' THEN model END) COLLATE \"C\" = $4
         ORDER BY started_ms, seq LIMIT $5",
        range.from_ms,
        range.to_ms,
        dimension,
        storable(value).into_owned(),
        i64::from(most)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)
}
