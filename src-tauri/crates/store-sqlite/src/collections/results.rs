//! Kept results of searches.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_engine::store::{Collection, NewResult, StoreError};

/// Most results that one call deletes, so that the writer is never held up for long.
const MOST: i64 = 1_000;

pub(super) async fn look_up(
    readers: &SqlitePool,
    tenant: &str,
    name: &str,
    key: &[u8; 32],
    now_ms: i64,
) -> Result<Option<(Collection, Option<String>)>, StoreError> {
    let key = key.as_slice();
    let found = sqlx::query!(
        "SELECT one.id AS \"id!\", one.name AS \"name!\", one.version AS \"version!\", one.items AS \"items!\",
                one.text_bytes AS \"text_bytes!\", one.created_ms AS \"created_ms!\", result.found AS \"found?: String\"
         FROM collections AS one
         LEFT JOIN search_results AS result ON result.collection_id = one.id AND result.version = one.version
             AND result.key = ? AND result.expires_ms > ?
         WHERE one.tenant = ? AND one.name = ?",
        key,
        now_ms,
        tenant,
        name
    )
    .fetch_optional(readers)
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

/// Keeps a result, unless the collection has changed since.
pub(super) struct Keep {
    pub(super) result: NewResult,
    pub(super) most: u32,
}

#[async_trait]
impl Operation for Keep {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let (result, key) = (&self.result, self.result.key.as_slice());
        let done = sqlx::query!(
            "INSERT OR REPLACE INTO search_results (key, collection_id, version, expires_ms, found)
             SELECT ?1, id, version, ?2, ?3 FROM collections WHERE id = ?4 AND version = ?5",
            key,
            result.expires_ms,
            result.found,
            result.collection_id,
            result.version
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "DELETE FROM search_results WHERE collection_id = ?1 AND key IN (
                 SELECT key FROM search_results WHERE collection_id = ?1
                 ORDER BY expires_ms DESC, key LIMIT -1 OFFSET ?2)",
            result.collection_id,
            self.most
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(true)
    }
}

/// Deletes what has expired.
pub(super) struct Expire {
    pub(super) now_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "DELETE FROM search_results WHERE (collection_id, key) IN (
                 SELECT collection_id, key FROM search_results WHERE expires_ms <= ? LIMIT ?)",
            self.now_ms,
            MOST
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
