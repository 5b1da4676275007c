//! Virtual keys; of a secret only its SHA-256.

use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::store::{KeyStore, StoreError};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn insert_key(&self, key: &VirtualKey, secret_sha256: &[u8; 32]) -> Result<(), StoreError> {
        self.write(Insert {
            key: key.clone(),
            secret_sha256: *secret_sha256,
        })
        .await
    }

    async fn find_key(&self, id: &str) -> Result<Option<(VirtualKey, [u8; 32])>, StoreError> {
        let found = sqlx::query!(
            "SELECT id, name, team, last_four, created_ms, revoked_ms, last_used_ms, secret_sha256
             FROM virtual_keys WHERE id = ?",
            id
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
        let Some(found) = found else { return Ok(None) };
        let secret_sha256 = found
            .secret_sha256
            .try_into()
            .map_err(|_| inconsistent("virtual_keys", "secret_sha256", id, "it is not 32 bytes long"))?;
        let key = VirtualKey {
            id: found.id,
            name: found.name,
            team: found.team,
            last_four: found.last_four,
            created_ms: found.created_ms,
            revoked_ms: found.revoked_ms,
            last_used_ms: found.last_used_ms,
        };
        Ok(Some((key, secret_sha256)))
    }

    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        sqlx::query_as!(
            VirtualKey,
            "SELECT id, name, team, last_four, created_ms, revoked_ms, last_used_ms
             FROM virtual_keys ORDER BY created_ms DESC, id DESC"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn revoke_key(&self, id: &str, now_ms: i64) -> Result<Option<VirtualKey>, StoreError> {
        let id = id.to_owned();
        self.write(Revoke { id, now_ms }).await
    }
}

/// A new key; a conflict when its id is taken.
struct Insert {
    key: VirtualKey,
    secret_sha256: [u8; 32],
}

#[async_trait]
impl Operation for Insert {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let key = &self.key;
        let secret_sha256 = self.secret_sha256.as_slice();
        let inserted = sqlx::query!(
            "INSERT INTO virtual_keys (id, name, team, last_four, created_ms, revoked_ms, last_used_ms, secret_sha256)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            key.id,
            key.name,
            key.team,
            key.last_four,
            key.created_ms,
            key.revoked_ms,
            key.last_used_ms,
            secret_sha256
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        if inserted.rows_affected() == 0 {
            return Err(StoreError::Conflict {
                expected: 0,
                found: 1,
            });
        }
        Ok(())
    }
}

struct Revoke {
    id: String,
    now_ms: i64,
}

#[async_trait]
impl Operation for Revoke {
    type Reply = Option<VirtualKey>;
    // A revoked key must not come back with a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        sqlx::query_as!(
            VirtualKey,
            "UPDATE virtual_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?
             RETURNING id, name, team, last_four, created_ms, revoked_ms, last_used_ms",
            self.now_ms,
            self.id
        )
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)
    }
}
