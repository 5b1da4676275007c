//! A new secret for a key; the old one works on for a while.

use super::{key_of, log::log_changed};
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{change::Act, store::StoreError};

pub(super) struct Rotate {
    pub(super) id: String,
    pub(super) secret_sha256: [u8; 32],
    pub(super) last_four: String,
    pub(super) previous_until_ms: i64,
    pub(super) act: Act,
}

#[async_trait]
impl Operation for Rotate {
    type Reply = Option<VirtualKey>;
    // Who has the new secret must not find it unknown after a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let overlap_ends_ms = sqlx::query_scalar!(
            "SELECT previous_until_ms AS \"until_ms!\" FROM virtual_keys
             WHERE id = ? AND revoked_ms IS NULL AND previous_sha256 IS NOT NULL AND previous_until_ms > ?",
            self.id,
            self.act.now_ms
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if let Some(found) = overlap_ends_ms {
            return Err(StoreError::Conflict {
                expected: self.act.now_ms,
                found,
            });
        }
        let before = key_of(connection, &self.id).await?;
        let secret_sha256 = self.secret_sha256.as_slice();
        // All right-hand sides see the row as it was.
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET previous_sha256 = secret_sha256, previous_last_four = last_four,
                    previous_until_ms = ?, secret_sha256 = ?, last_four = ?
             WHERE id = ? AND revoked_ms IS NULL",
            self.previous_until_ms,
            secret_sha256,
            self.last_four,
            self.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        log_changed(connection, &self.act, before, changed.rows_affected()).await
    }
}
