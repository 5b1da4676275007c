//! Virtual keys; of their secrets only the SHA-256.

mod end_overlap;
mod insert;
mod log;
mod revoke;
mod rotate;
mod update;

use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
};
use async_trait::async_trait;
use end_overlap::EndOverlap;
use insert::Insert;
use revoke::Revoke;
use rotate::Rotate;
use sqlx::SqliteConnection;
use update::Update;
use weir_contract::model::key::{PreviousSecret, VirtualKey};
use weir_engine::{
    change::Act,
    keyring::fingerprint,
    store::{KeyRecord, KeyStore, StoreError},
};

/// The columns of `virtual_keys`.
struct StoredKey {
    id: String,
    name: String,
    owner: String,
    team: String,
    scopes: String,
    expires_ms: Option<i64>,
    own_limit: Option<String>,
    last_four: String,
    created_ms: i64,
    revoked_ms: Option<i64>,
    last_used_ms: Option<i64>,
    secret_sha256: Vec<u8>,
    previous_sha256: Option<Vec<u8>>,
    previous_last_four: Option<String>,
    previous_until_ms: Option<i64>,
    version: i64,
}

impl TryFrom<StoredKey> for KeyRecord {
    type Error = StoreError;

    fn try_from(stored: StoredKey) -> Result<KeyRecord, StoreError> {
        let id = stored.id;
        let hash = |column: &'static str, bytes: Vec<u8>| -> Result<[u8; 32], StoreError> {
            bytes
                .try_into()
                .map_err(|_| inconsistent("virtual_keys", column, &id, "it is not 32 bytes long"))
        };
        let secret_sha256 = hash("secret_sha256", stored.secret_sha256)?;
        let previous_sha256 = stored
            .previous_sha256
            .map(|bytes| hash("previous_sha256", bytes))
            .transpose()?;
        let previous = previous_sha256.map(|previous| PreviousSecret {
            last_four: stored.previous_last_four.unwrap_or_default(),
            fingerprint: fingerprint(&previous),
            until_ms: stored.previous_until_ms.unwrap_or(0),
        });
        let scopes = serde_json::from_str(&stored.scopes)
            .map_err(|error| inconsistent("virtual_keys", "scopes", &id, error))?;
        let limit = stored
            .own_limit
            .map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(|error| inconsistent("virtual_keys", "own_limit", &id, error))?;
        let key = VirtualKey {
            name: stored.name,
            owner: stored.owner,
            team: stored.team,
            scopes,
            expires_ms: stored.expires_ms,
            limit,
            last_four: stored.last_four,
            fingerprint: fingerprint(&secret_sha256),
            previous,
            created_ms: stored.created_ms,
            revoked_ms: stored.revoked_ms,
            last_used_ms: stored.last_used_ms,
            version: stored.version,
            id,
        };
        Ok(KeyRecord {
            key,
            secret_sha256,
            previous_sha256,
        })
    }
}

/// The key as it stands after a change. Read anew: what `RETURNING` gives back of a column that was just set to NULL is not
/// told from an empty value.
async fn key_of(connection: &mut SqliteConnection, id: &str) -> Result<Option<VirtualKey>, StoreError> {
    let stored = sqlx::query_as!(StoredKey, "SELECT * FROM virtual_keys WHERE id = ?", id)
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    let record = stored.map(KeyRecord::try_from).transpose()?;
    Ok(record.map(|record| record.key))
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn insert_key(
        &self,
        key: &VirtualKey,
        secret_sha256: &[u8; 32],
        act: &Act,
    ) -> Result<(), StoreError> {
        self.write(Insert {
            key: key.clone(),
            secret_sha256: *secret_sha256,
            act: act.clone(),
        })
        .await
    }

    async fn find_key(&self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        sqlx::query_as!(StoredKey, "SELECT * FROM virtual_keys WHERE id = ?", id)
            .fetch_optional(self.readers())
            .await
            .map_err(from_sqlx)?
            .map(KeyRecord::try_from)
            .transpose()
    }

    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        let stored = sqlx::query_as!(
            StoredKey,
            "SELECT * FROM virtual_keys ORDER BY created_ms DESC, id DESC"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        stored
            .into_iter()
            .map(|stored| KeyRecord::try_from(stored).map(|record| record.key))
            .collect()
    }

    async fn update_key(&self, key: &VirtualKey, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.write(Update {
            key: key.clone(),
            act: act.clone(),
        })
        .await
    }

    async fn rotate_key(
        &self,
        id: &str,
        secret_sha256: &[u8; 32],
        last_four: &str,
        previous_until_ms: i64,
        act: &Act,
    ) -> Result<Option<VirtualKey>, StoreError> {
        self.write(Rotate {
            id: id.to_owned(),
            secret_sha256: *secret_sha256,
            last_four: last_four.to_owned(),
            previous_until_ms,
            act: act.clone(),
        })
        .await
    }

    async fn end_overlap(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.write(EndOverlap {
            id: id.to_owned(),
            act: act.clone(),
        })
        .await
    }

    async fn revoke_key(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.write(Revoke {
            id: id.to_owned(),
            act: act.clone(),
        })
        .await
    }
}

/// The JSON of what a key may do, and of its own limit.
fn rules_of(key: &VirtualKey) -> Result<(String, Option<String>), StoreError> {
    let scopes = serde_json::to_string(&key.scopes)
        .map_err(|error| inconsistent("virtual_keys", "scopes", &key.id, error))?;
    let limit = key
        .limit
        .map(|limit| serde_json::to_string(&limit))
        .transpose()
        .map_err(|error| inconsistent("virtual_keys", "own_limit", &key.id, error))?;
    Ok((scopes, limit))
}
