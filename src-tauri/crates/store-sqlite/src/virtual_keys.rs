//! Virtual keys; of their secrets only the SHA-256.

use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::{PreviousSecret, VirtualKey};
use weir_engine::{
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
    async fn insert_key(&self, key: &VirtualKey, secret_sha256: &[u8; 32]) -> Result<(), StoreError> {
        self.write(Insert {
            key: key.clone(),
            secret_sha256: *secret_sha256,
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

    async fn update_key(&self, key: &VirtualKey) -> Result<Option<VirtualKey>, StoreError> {
        self.write(Update { key: key.clone() }).await
    }

    async fn rotate_key(
        &self,
        id: &str,
        secret_sha256: &[u8; 32],
        last_four: &str,
        previous_until_ms: i64,
        now_ms: i64,
    ) -> Result<Option<VirtualKey>, StoreError> {
        self.write(Rotate {
            id: id.to_owned(),
            secret_sha256: *secret_sha256,
            last_four: last_four.to_owned(),
            previous_until_ms,
            now_ms,
        })
        .await
    }

    async fn end_overlap(&self, id: &str) -> Result<Option<VirtualKey>, StoreError> {
        self.write(EndOverlap { id: id.to_owned() }).await
    }

    async fn revoke_key(&self, id: &str, now_ms: i64) -> Result<Option<VirtualKey>, StoreError> {
        let id = id.to_owned();
        self.write(Revoke { id, now_ms }).await
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

struct Update {
    key: VirtualKey,
}

#[async_trait]
impl Operation for Update {
    type Reply = Option<VirtualKey>;
    // A narrower scope or an earlier end must not be lost with a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let key = &self.key;
        let (scopes, limit) = rules_of(key)?;
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET name = ?, owner = ?, team = ?, scopes = ?, expires_ms = ?, own_limit = ?
             WHERE id = ?",
            key.name,
            key.owner,
            key.team,
            scopes,
            key.expires_ms,
            limit,
            key.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if changed.rows_affected() == 0 {
            return Ok(None);
        }
        key_of(connection, &key.id).await
    }
}

struct Rotate {
    id: String,
    secret_sha256: [u8; 32],
    last_four: String,
    previous_until_ms: i64,
    now_ms: i64,
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
            self.now_ms
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if let Some(found) = overlap_ends_ms {
            return Err(StoreError::Conflict {
                expected: self.now_ms,
                found,
            });
        }
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
        if changed.rows_affected() == 0 {
            return Ok(None);
        }
        key_of(connection, &self.id).await
    }
}

struct EndOverlap {
    id: String,
}

#[async_trait]
impl Operation for EndOverlap {
    type Reply = Option<VirtualKey>;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET previous_sha256 = NULL, previous_last_four = NULL, previous_until_ms = NULL
             WHERE id = ?",
            self.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if changed.rows_affected() == 0 {
            return Ok(None);
        }
        key_of(connection, &self.id).await
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
        let changed = sqlx::query!(
            "UPDATE virtual_keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?",
            self.now_ms,
            self.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if changed.rows_affected() == 0 {
            return Ok(None);
        }
        key_of(connection, &self.id).await
    }
}
