//! Removes entries that may not be served any more.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_engine::store::StoreError;

/// Most entries of each kind in one call, so that no statement is long.
const MOST: i64 = 1000;

/// Expired entries, and those made under another app version. Those that somebody else is at stay until the next time.
pub(super) async fn expire(pool: &PgPool, now_ms: i64, app_version: &str) -> Result<u64, StoreError> {
    let expired = sqlx::query!(
        "DELETE FROM cache_entries WHERE key IN (
             SELECT key FROM cache_entries WHERE expires_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now_ms,
        MOST
    )
    .execute(pool)
    .await
    .map_err(from_sqlx)?;
    // Two ranges instead of `<>`, so that the index is used.
    let foreign = sqlx::query!(
        "DELETE FROM cache_entries WHERE key IN (
             SELECT key FROM cache_entries WHERE app_version < $1 OR app_version > $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        storable(app_version).into_owned(),
        MOST
    )
    .execute(pool)
    .await
    .map_err(from_sqlx)?;
    // Of gateways that died while they bought.
    sqlx::query!("DELETE FROM flights WHERE until_at < clock_timestamp()")
        .execute(pool)
        .await
        .map_err(from_sqlx)?;
    Ok(expired.rows_affected() + foreign.rows_affected())
}
