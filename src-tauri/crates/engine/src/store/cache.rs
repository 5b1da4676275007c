//! What the engine asks of the response cache's rows.

use super::StoreError;
use crate::change::Act;
use async_trait::async_trait;
use weir_contract::model::cache::{CacheEntryRow, CacheExtent, CacheSelector};

/// A cached answer with its body.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEntry {
    pub row: CacheEntryRow,
    /// The configured app version it was made under; another version's entries are never served.
    pub app_version: String,
    /// Whose it is, as [`crate::pipeline::tenant_of`] names it. Empty for what was kept before Weir wrote it down.
    pub tenant: String,
    /// Encoded by `engine::cache`.
    pub body: Vec<u8>,
}

/// Whose turn it is to buy the answer to a key, among all gateways of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlightTurn {
    /// This gateway's.
    Taken,
    /// Nobody's: the answer is there.
    Cached,
    /// Another's, which is buying it.
    Waits,
}

/// The response cache's rows.
#[async_trait]
pub trait CacheStore: Send + Sync {
    /// The entry, unless it has expired or was cleared.
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
    /// What [`super::ClearStore::clear`] does, where somebody clears. Without an act, what the engine itself drops: its rows go at
    /// once, without a trace in the log.
    async fn clear_entries(
        &self,
        selector: &CacheSelector,
        act: Option<&Act>,
    ) -> Result<CacheExtent, StoreError>;
    /// True where several gateways share the database and must agree who buys an answer.
    fn shares_flights(&self) -> bool {
        false
    }
    /// Takes the flight of a key for some seconds, or puts off the end of one's own. An answer counts as there under the same
    /// app version alone.
    async fn take_flight(
        &self,
        _key: &str,
        _gateway_id: &str,
        _app_version: &str,
        _now_ms: i64,
    ) -> Result<FlightTurn, StoreError> {
        Ok(FlightTurn::Taken)
    }
    /// Gives a flight up. What was bought must be in the store before.
    async fn land_flight(&self, _key: &str, _gateway_id: &str) -> Result<(), StoreError> {
        Ok(())
    }
    /// Removes expired entries, and those of other app versions, a bounded number at a time.
    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError>;
}
