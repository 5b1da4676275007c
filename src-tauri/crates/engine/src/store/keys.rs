//! What the engine asks of virtual keys.

use super::StoreError;
use crate::change::Act;
use async_trait::async_trait;
use weir_contract::model::key::VirtualKey;

/// A key with the hashes of its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub key: VirtualKey,
    pub secret_sha256: [u8; 32],
    /// Of the secret before; there exactly where `key.previous` is.
    pub previous_sha256: Option<[u8; 32]>,
}

/// Virtual keys; secrets only as SHA-256. A key that is read has its fingerprints set
/// ([`crate::keyring::fingerprint`]); what is handed in has none or the same.
#[async_trait]
pub trait KeyStore {
    async fn insert_key(
        &self,
        key: &VirtualKey,
        secret_sha256: &[u8; 32],
        act: &Act,
    ) -> Result<(), StoreError>;
    /// The key and its secrets' hashes, revoked or not.
    async fn find_key(&self, id: &str) -> Result<Option<KeyRecord>, StoreError>;
    /// The key without its hashes, which an administrator's database role may not read.
    async fn get_key(&self, id: &str) -> Result<Option<VirtualKey>, StoreError> {
        Ok(self.find_key(id).await?.map(|record| record.key))
    }
    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError>;
    /// Writes name, owner, team, scopes, expiry and limit; nothing else of the key changes. None when there is no such key, a
    /// conflict when it has another version than the one handed in.
    async fn update_key(&self, key: &VirtualKey, act: &Act) -> Result<Option<VirtualKey>, StoreError>;
    /// Puts a new secret in place of the one there, which is accepted until `previous_until_ms`. None when there is no such
    /// key, or it is revoked. A conflict where the secret before the present one still works at the act's time, since it would
    /// stop at once.
    async fn rotate_key(
        &self,
        id: &str,
        secret_sha256: &[u8; 32],
        last_four: &str,
        previous_until_ms: i64,
        act: &Act,
    ) -> Result<Option<VirtualKey>, StoreError>;
    /// Stops the secret before the present one, and forgets its hash; none when there is no such key.
    async fn end_overlap(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError>;
    /// Revokes; none when there is no such key. Revoking twice keeps the first time.
    async fn revoke_key(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError>;
}
