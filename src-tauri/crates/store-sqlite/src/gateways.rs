//! Gateways that live.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// A sign of life. Time never goes back.
pub(crate) struct Beat {
    pub(crate) gateway_id: String,
    pub(crate) now_ms: i64,
}

#[async_trait]
impl Operation for Beat {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO gateways (id, first_ms, last_beat_ms) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET last_beat_ms = max(last_beat_ms, excluded.last_beat_ms)",
            self.gateway_id,
            self.now_ms,
            self.now_ms
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
