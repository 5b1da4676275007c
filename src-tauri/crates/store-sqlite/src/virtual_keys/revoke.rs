//! The end of a key.

use super::{key_of, log::log_changed};
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{change::Act, store::StoreError};

pub(super) struct Revoke {
    pub(super) id: String,
    pub(super) act: Act,
}

#[async_trait]
impl Operation for Revoke {
    type Reply = Option<VirtualKey>;
    // A revoked key must not come back with a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let before = key_of(connection, &self.id).await?;
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?",
            self.act.now_ms,
            self.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        log_changed(connection, &self.act, before, changed.rows_affected()).await
    }
}
