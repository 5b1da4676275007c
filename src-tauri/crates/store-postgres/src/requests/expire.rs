//! Removes what is older than it is kept: whole days by dropping them, the hours of the day before by deleting.

use crate::error::from_sqlx;
use sqlx::PgPool;
use weir_engine::store::StoreError;

/// Most rows of each kind that are deleted in one call, so that no statement is long.
const MOST: i64 = 1000;

/// Bodies older than one moment, whole requests older than the other. A request that the rollups have not counted yet stays.
pub(super) async fn expire(
    pool: &PgPool,
    bodies_before_ms: i64,
    rows_before_ms: i64,
) -> Result<u64, StoreError> {
    let gone_before_ms = bodies_before_ms.max(rows_before_ms);
    let mut gone = drop_days(pool, "request_bodies", gone_before_ms).await?;
    gone += drop_days(pool, "request_traces", rows_before_ms).await?;
    gone += drop_days(pool, "requests", rows_before_ms).await?;
    gone += sqlx::query_scalar!(
        "WITH old AS (
             SELECT started_ms, seq FROM requests
             WHERE started_ms < $1 AND (SELECT true FROM rollup_queue AS waiting
                 WHERE waiting.started_ms = requests.started_ms AND waiting.seq = requests.seq) IS NULL
             ORDER BY started_ms, seq LIMIT $2
         ),
         traces AS (DELETE FROM request_traces USING old
                    WHERE request_traces.started_ms = old.started_ms AND request_traces.seq = old.seq),
         bodies AS (DELETE FROM request_bodies USING old
                    WHERE request_bodies.started_ms = old.started_ms AND request_bodies.seq = old.seq),
         gone AS (DELETE FROM requests USING old
                  WHERE requests.started_ms = old.started_ms AND requests.seq = old.seq RETURNING true)
         SELECT count(*) AS \"gone!\" FROM gone",
        rows_before_ms,
        MOST
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)?
    .unsigned_abs();
    let bodies = sqlx::query!(
        "DELETE FROM request_bodies WHERE (started_ms, seq) IN (
             SELECT started_ms, seq FROM request_bodies WHERE started_ms < $1 ORDER BY started_ms, seq LIMIT $2)",
        bodies_before_ms,
        MOST
    )
    .execute(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(gone + bodies.rows_affected())
}

/// About how many rows went with the days of this table that ended before this moment.
async fn drop_days(pool: &PgPool, table: &str, before_ms: i64) -> Result<u64, StoreError> {
    sqlx::query_scalar!("SELECT drop_request_days($1, $2) AS \"gone!\"", table, before_ms)
        .fetch_one(pool)
        .await
        .map(i64::unsigned_abs)
        .map_err(from_sqlx)
}
