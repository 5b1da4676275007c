//! A new key; a conflict when its id is taken.

use super::{key_of, log::log, rules_of};
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{change::Act, store::StoreError};

pub(super) struct Insert {
    pub(super) key: VirtualKey,
    pub(super) secret_sha256: [u8; 32],
    pub(super) act: Act,
}

#[async_trait]
impl Operation for Insert {
    type Reply = ();
    // Who was given the secret must not find it unknown after a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let key = &self.key;
        let secret_sha256 = self.secret_sha256.as_slice();
        let (scopes, limit) = rules_of(key)?;
        let inserted = sqlx::query!(
            "INSERT INTO virtual_keys (id, name, owner, team, scopes, expires_ms, own_limit, last_four, created_ms,
                                       revoked_ms, last_used_ms, secret_sha256)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            key.id,
            key.name,
            key.owner,
            key.team,
            scopes,
            key.expires_ms,
            limit,
            key.last_four,
            key.created_ms,
            key.revoked_ms,
            key.last_used_ms,
            secret_sha256
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if inserted.rows_affected() == 0 {
            return Err(StoreError::Conflict {
                expected: 0,
                found: 1,
            });
        }
        let key = key_of(connection, &key.id).await?;
        log(connection, &self.act, None, key.as_ref(), None).await
    }
}
