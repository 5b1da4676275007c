//! What the engine asks of virtual keys.

use super::StoreError;
use async_trait::async_trait;
use weir_contract::model::key::VirtualKey;

/// Virtual keys; secrets only as SHA-256.
#[async_trait]
pub trait KeyStore {
    async fn insert_key(&self, key: &VirtualKey, secret_sha256: &[u8; 32]) -> Result<(), StoreError>;
    /// The key and its secret's hash, revoked or not.
    async fn find_key(&self, id: &str) -> Result<Option<(VirtualKey, [u8; 32])>, StoreError>;
    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError>;
    /// Revokes; none when there is no such key. Revoking twice keeps the first time.
    async fn revoke_key(&self, id: &str, now_ms: i64) -> Result<Option<VirtualKey>, StoreError>;
}
