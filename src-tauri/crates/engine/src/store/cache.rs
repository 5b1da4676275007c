//! What the engine asks of the response cache's rows.

use super::StoreError;
use async_trait::async_trait;
use weir_contract::model::cache::{CacheEntryRow, CacheExtent, CacheSelector};

/// A cached answer with its body.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEntry {
    pub row: CacheEntryRow,
    /// The configured app version it was made under; another version's entries are never served.
    pub app_version: String,
    /// Encoded by `engine::cache`.
    pub body: Vec<u8>,
}

/// The response cache's rows.
#[async_trait]
pub trait CacheStore {
    /// The entry, unless it has expired.
    async fn get_entry(&self, key: &str, now_ms: i64) -> Result<Option<CacheEntry>, StoreError>;
    /// Puts or replaces.
    async fn put_entry(&self, entry: CacheEntry) -> Result<(), StoreError>;
    /// Newest first; `cursor` is `created_ms:key` of the last row of the page before.
    async fn list_entries(
        &self,
        selector: &CacheSelector,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CacheEntryRow>, StoreError>;
    /// What a clear would remove.
    async fn extent(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError>;
    /// Removes, and says what went.
    async fn clear_entries(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError>;
    /// Removes expired entries, and those of other app versions, a bounded number at a time.
    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError>;
}
