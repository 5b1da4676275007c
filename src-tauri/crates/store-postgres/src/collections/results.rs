//! Kept results of searches.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_engine::store::{Collection, NewResult, StoreError};

/// Most results that one call deletes, so that no statement is long.
const MOST: i64 = 1_000;

pub(super) async fn look_up(
    pool: &PgPool,
    tenant: &str,
    name: &str,
    key: &[u8; 32],
    now_ms: i64,
) -> Result<Option<(Collection, Option<String>)>, StoreError> {
    let found = sqlx::query!(
        "SELECT one.id, one.name, one.version, one.items, one.text_bytes, one.created_ms, result.found AS \"found?\"
         FROM collections AS one
         LEFT JOIN search_results AS result ON result.collection_id = one.id AND result.version = one.version
             AND result.key = $1 AND result.expires_ms > $2
         WHERE one.tenant = $3 AND one.name = $4",
        key.as_slice(),
        now_ms,
        storable(tenant).into_owned(),
        storable(name).into_owned()
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(found.map(|row| {
        let collection = Collection {
            id: row.id,
            name: row.name,
            version: row.version,
            items: row.items,
            text_bytes: row.text_bytes,
            created_ms: row.created_ms,
        };
        (collection, row.found)
    }))
}

pub(super) async fn keep(pool: &PgPool, result: &NewResult, most: u32) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        "SELECT keep_result($1, $2, $3, $4, $5, $6) AS \"done!\"",
        result.collection_id,
        result.version,
        result.key.as_slice(),
        result.expires_ms,
        result.found,
        i64::from(most)
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

pub(super) async fn expire(pool: &PgPool, now_ms: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM search_results WHERE (collection_id, key) IN (
             SELECT collection_id, key FROM search_results WHERE expires_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now_ms,
        MOST
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
