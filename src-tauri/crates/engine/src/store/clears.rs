//! What the engine asks of clears of the response cache: made, undone, made final, and followed by every gateway.

use super::StoreError;
use crate::change::Act;
use async_trait::async_trait;
use weir_contract::model::cache::{CacheExtent, CacheSelector};

/// How long a clear can be undone.
pub const UNDO_CLEAR_MS: i64 = 86_400_000;

/// Of a clear of at most so many entries the row holds their keys, so that gateways need not forget more than those.
pub const MOST_CLEARED_KEYS: i64 = 50;

/// What is cleared, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearing {
    pub selector: CacheSelector,
    /// Only answers of this tenant, as [`crate::pipeline::tenant_of`] names it; of all without one.
    pub tenant: Option<String>,
    /// Removes the rows at once; what was cleared before and could still be undone goes, too. Cannot be undone.
    pub purge: bool,
}

impl Clearing {
    /// All that the selector means, so that it can be undone.
    #[must_use]
    pub fn of(selector: CacheSelector) -> Clearing {
        Clearing {
            selector,
            tenant: None,
            purge: false,
        }
    }
}

/// A clear, or what ended one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Number of the clear.
    pub seq: i64,
    pub extent: CacheExtent,
}

/// What a clear has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearEnd {
    Undone,
    /// Made final: by somebody, or by its time.
    Purged,
}

impl ClearEnd {
    /// `undo`, `purge`: the act that leads to it, as stores write it.
    #[must_use]
    pub fn act(self) -> &'static str {
        match self {
            ClearEnd::Undone => "undo",
            ClearEnd::Purged => "purge",
        }
    }
}

/// What became of the wish to end a clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOutcome {
    /// So much is served again, or is removed.
    Done(CacheExtent),
    /// It was ended before, or its time is over.
    Ended(ClearEnd),
    /// There is no clear of this number.
    Unknown,
}

/// A clear with what it has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownClear {
    pub seq: i64,
    /// The selector as JSON, with people made unusable.
    pub shown: String,
    /// `window:ana`, `gateway:key:abc`.
    pub who: String,
    pub at_ms: i64,
    pub extent: CacheExtent,
    /// How and when it was ended, and by which row; none while it can be undone, or once its time is over.
    pub end: Option<(ClearEnd, i64, i64)>,
}

/// What gateways have to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearEvent {
    /// Rises with every one.
    pub seq: i64,
    /// When it was made, by the database's clock: tells it apart from one of the same number in a database that was restored.
    pub at_us: i64,
    /// What memory must forget. The value of sources and users is empty: memory forgets all.
    pub selector: CacheSelector,
    /// All that was cleared, where that is known.
    pub keys: Option<Vec<String>>,
    pub change: ClearChange,
}

/// What an event means for memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearChange {
    /// The entries are served no more.
    Gone,
    /// An engine dropped what it must not keep, because a clear came while it was being stored.
    Dropped,
    /// They are served again: what was read without them is to be read anew.
    Back,
    /// They were gone before, and now for good.
    Final,
}

impl ClearChange {
    /// Reads the act of a row.
    #[must_use]
    pub fn of_act(act: &str) -> ClearChange {
        match act {
            "undo" => ClearChange::Back,
            "purge" => ClearChange::Final,
            "drop" => ClearChange::Dropped,
            _ => ClearChange::Gone,
        }
    }
}

/// Clears of the response cache.
#[async_trait]
pub trait ClearStore: Send + Sync {
    /// Takes entries out of service, in one transaction with the log; none of them is found from its commit on. A later answer of
    /// the same key replaces a cleared one.
    async fn clear(&self, clearing: &Clearing, act: &Act) -> Result<Cleared, StoreError>;
    /// Takes a clear back: what was neither replaced nor expired meanwhile is served again. With `Purged` makes it final and
    /// removes the rows before it replies.
    async fn end_clear(&self, seq: i64, end: ClearEnd, act: &Act) -> Result<EndOutcome, StoreError>;
    /// Removes rows of clears that are final, or older than [`UNDO_CLEAR_MS`]: a bounded number, and how many it was.
    async fn purge_cleared(&self, now_ms: i64) -> Result<u64, StoreError>;
    /// The newest clears, newest first.
    async fn list_clears(&self, limit: u32) -> Result<Vec<KnownClear>, StoreError>;
    /// The number of the newest event; 0 for none. A shared cache that has followed a lower one may hold what was cleared.
    async fn newest_clear(&self) -> Result<i64, StoreError>;
    /// The events after this number, oldest first. One that is seen is never followed by one with a lower number.
    async fn clears_since(&self, seq: i64, limit: u32) -> Result<Vec<ClearEvent>, StoreError>;
}
