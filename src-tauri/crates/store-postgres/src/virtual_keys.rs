//! Virtual keys; of their secrets only the SHA-256. They are changed by functions, which write the log.

mod change;

use crate::{
    PostgresStore,
    error::{from_sqlx, inconsistent},
    text::storable,
};
use async_trait::async_trait;
use weir_contract::model::key::{PreviousSecret, VirtualKey};
use weir_engine::{
    change::Act,
    store::{KeyRecord, KeyStore, StoreError},
};

/// The columns of `keys_shown`.
struct ShownKey {
    id: String,
    version: i64,
    /// Rises with every change, unlike the version.
    revision: i64,
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
    fingerprint: String,
    previous_fingerprint: Option<String>,
    previous_last_four: Option<String>,
    previous_until_ms: Option<i64>,
}

impl TryFrom<ShownKey> for VirtualKey {
    type Error = StoreError;

    fn try_from(shown: ShownKey) -> Result<VirtualKey, StoreError> {
        let id = shown.id;
        let scopes = serde_json::from_str(&shown.scopes)
            .map_err(|error| inconsistent("virtual_keys", "scopes", &id, error))?;
        let limit = shown
            .own_limit
            .map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(|error| inconsistent("virtual_keys", "own_limit", &id, error))?;
        let previous = shown.previous_fingerprint.map(|fingerprint| PreviousSecret {
            last_four: shown.previous_last_four.unwrap_or_default(),
            fingerprint,
            until_ms: shown.previous_until_ms.unwrap_or(0),
        });
        Ok(VirtualKey {
            version: shown.version,
            name: shown.name,
            owner: shown.owner,
            team: shown.team,
            scopes,
            expires_ms: shown.expires_ms,
            limit,
            last_four: shown.last_four,
            fingerprint: shown.fingerprint,
            previous,
            created_ms: shown.created_ms,
            revoked_ms: shown.revoked_ms,
            last_used_ms: shown.last_used_ms,
            id,
        })
    }
}

/// Keys without their hashes, by a condition on the view `keys_shown`.
macro_rules! shown {
    ($which:literal, $($value:expr)?) => {
        sqlx::query_as!(
            ShownKey,
            "SELECT id AS \"id!\", version AS \"version!\", revision AS \"revision!\", name AS \"name!\", owner AS \"owner!\", team AS \"team!\", scopes AS \"scopes!\",
                    expires_ms, own_limit, last_four AS \"last_four!\", created_ms AS \"created_ms!\", revoked_ms,
                    last_used_ms, fingerprint AS \"fingerprint!\", previous_fingerprint, previous_last_four,
                    previous_until_ms
             FROM keys_shown " + $which,
            $($value)?
        )
    };
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn insert_key(
        &self,
        key: &VirtualKey,
        secret_sha256: &[u8; 32],
        act: &Act,
    ) -> Result<(), StoreError> {
        self.present(change::insert(self, key, secret_sha256, act)).await
    }

    async fn find_key(&self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        // One statement, so that fingerprints and hashes are of the same moment.
        let found = self.asked(sqlx::query!(
            "SELECT shown.id AS \"id!\", shown.version AS \"version!\", shown.revision AS \"revision!\", shown.name AS \"name!\", shown.owner AS \"owner!\", shown.team AS \"team!\",
                    shown.scopes AS \"scopes!\", shown.expires_ms, shown.own_limit, shown.last_four AS \"last_four!\",
                    shown.created_ms AS \"created_ms!\", shown.revoked_ms, shown.last_used_ms,
                    shown.fingerprint AS \"fingerprint!\", shown.previous_fingerprint, shown.previous_last_four,
                    shown.previous_until_ms, virtual_keys.secret_sha256, virtual_keys.previous_sha256
             FROM keys_shown AS shown JOIN virtual_keys ON virtual_keys.id = shown.id WHERE virtual_keys.id = $1",
            storable(id).into_owned()
        ).fetch_optional(self.pool())).await?;
        let Some(found) = found else { return Ok(None) };
        let shown = ShownKey {
            id: found.id,
            version: found.version,
            revision: found.revision,
            name: found.name,
            owner: found.owner,
            team: found.team,
            scopes: found.scopes,
            expires_ms: found.expires_ms,
            own_limit: found.own_limit,
            last_four: found.last_four,
            created_ms: found.created_ms,
            revoked_ms: found.revoked_ms,
            last_used_ms: found.last_used_ms,
            fingerprint: found.fingerprint,
            previous_fingerprint: found.previous_fingerprint,
            previous_last_four: found.previous_last_four,
            previous_until_ms: found.previous_until_ms,
        };
        let hash = |column: &'static str, bytes: Vec<u8>| -> Result<[u8; 32], StoreError> {
            bytes
                .try_into()
                .map_err(|_| inconsistent("virtual_keys", column, id, "it is not 32 bytes long"))
        };
        Ok(Some(KeyRecord {
            key: shown.try_into()?,
            secret_sha256: hash("secret_sha256", found.secret_sha256)?,
            previous_sha256: found
                .previous_sha256
                .map(|bytes| hash("previous_sha256", bytes))
                .transpose()?,
        }))
    }

    async fn get_key(&self, id: &str) -> Result<Option<VirtualKey>, StoreError> {
        Ok(self.read_key(id).await?.map(|(key, _)| key))
    }

    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        shown!("ORDER BY created_ms DESC, id DESC",)
            .fetch_all(self.pool())
            .await
            .map_err(from_sqlx)?
            .into_iter()
            .map(VirtualKey::try_from)
            .collect()
    }

    async fn update_key(&self, key: &VirtualKey, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.present(change::update(self, key, act)).await
    }

    async fn rotate_key(
        &self,
        id: &str,
        secret_sha256: &[u8; 32],
        last_four: &str,
        previous_until_ms: i64,
        act: &Act,
    ) -> Result<Option<VirtualKey>, StoreError> {
        let new = change::NewSecret {
            secret_sha256,
            last_four,
            previous_until_ms,
        };
        self.present(change::rotate(self, id, &new, act)).await
    }

    async fn end_overlap(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.present(change::end_overlap(self, id, act)).await
    }

    async fn revoke_key(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.present(change::revoke(self, id, act)).await
    }
}

impl PostgresStore {
    /// The key with its revision.
    async fn read_key(&self, id: &str) -> Result<Option<(VirtualKey, i64)>, StoreError> {
        let shown = shown!("WHERE id = $1", storable(id).into_owned())
            .fetch_optional(self.pool())
            .await
            .map_err(from_sqlx)?;
        shown
            .map(|shown| {
                let revision = shown.revision;
                Ok((shown.try_into()?, revision))
            })
            .transpose()
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
