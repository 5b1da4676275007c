//! The end of an overlap: the old secret works no more.

use super::{key_of, log::log_changed};
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{change::Act, store::StoreError};

pub(super) struct EndOverlap {
    pub(super) id: String,
    pub(super) act: Act,
}

#[async_trait]
impl Operation for EndOverlap {
    type Reply = Option<VirtualKey>;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let before = key_of(connection, &self.id).await?;
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET previous_sha256 = NULL, previous_last_four = NULL, previous_until_ms = NULL
             WHERE id = ?",
            self.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        log_changed(connection, &self.act, before, changed.rows_affected()).await
    }
}
