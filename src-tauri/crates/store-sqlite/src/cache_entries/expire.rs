//! Removes entries that may not be served any more.

use super::end_clear::overwrite_deleted;
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// Most entries of each kind in one call, so that the writer is never held up for long.
const MOST: i64 = 1000;

/// Expired entries, and those made under another app version.
pub(super) struct Expire {
    pub(super) now_ms: i64,
    pub(super) app_version: String,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        // So that a purge need not look for answers that have expired before it.
        overwrite_deleted(connection, true).await?;
        let removed = self.remove(connection).await;
        overwrite_deleted(connection, false).await?;
        removed
    }
}

impl Expire {
    async fn remove(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let expired = sqlx::query!(
            "DELETE FROM cache_entries WHERE seq IN (SELECT seq FROM cache_entries WHERE expires_ms <= ? LIMIT ?)",
            self.now_ms,
            MOST
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        // Two ranges instead of `<>`, so that the index is used.
        let foreign = sqlx::query!(
            "DELETE FROM cache_entries WHERE seq IN (
                 SELECT seq FROM cache_entries WHERE app_version < ?1 OR app_version > ?1 LIMIT ?2)",
            self.app_version,
            MOST
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(expired.rows_affected() + foreign.rows_affected())
    }
}
