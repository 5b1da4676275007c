//! Deletes what is older than it is kept.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// Most rows of each kind in one call, so that the writer is never held up for long.
const MOST: i64 = 1000;

/// Bodies older than one moment, whole requests older than the other. A request that the rollups have not counted yet stays.
pub(super) struct Expire {
    pub(super) bodies_before_ms: i64,
    pub(super) rows_before_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        // Traces and bodies go with their request.
        let rows = sqlx::query!(
            "DELETE FROM requests WHERE seq IN (
                 SELECT seq FROM requests
                 WHERE started_ms < ? AND seq <= (SELECT last_seq FROM rollup_cursor)
                 ORDER BY started_ms LIMIT ?)",
            self.rows_before_ms,
            MOST
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let bodies = sqlx::query!(
            "DELETE FROM request_bodies WHERE seq IN (
                 SELECT seq FROM request_bodies WHERE started_ms < ? ORDER BY started_ms LIMIT ?)",
            self.bodies_before_ms,
            MOST
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(rows.rows_affected() + bodies.rows_affected())
    }
}
