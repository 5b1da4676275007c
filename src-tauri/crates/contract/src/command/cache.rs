//! The response cache.
use super::command;
use crate::model::{
    cache::{CacheClearRow, CacheCleared, CacheEntryRow, CacheExtent, CacheSelector, CacheStats},
    time::TimeRange,
};
use serde::{Deserialize, Serialize};

/// A page of entries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntryPage {
    pub rows: Vec<CacheEntryRow>,
    pub next_cursor: Option<String>,
}

command! {
    /// Size, hit rates and verdicts over a range.
    CacheStatsGet = "cache.stats" { range: TimeRange } -> CacheStats
}
command! {
    /// Cached answers, newest first.
    CacheList = "cache.list" { selector: CacheSelector, cursor: Option<String>, limit: u32 } -> CacheEntryPage
}
command! {
    /// Dry run: what a clear would remove. Changes nothing.
    CacheClearPreview = "cache.clear_preview" { selector: CacheSelector } -> CacheExtent
}
command! {
    /// Takes entries out of service everywhere. It can be undone for 24 hours; with `purge` the rows are removed at once.
    CacheClear = "cache.clear" { selector: CacheSelector, #[serde(default)] purge: bool } -> CacheCleared
}
command! {
    /// Serves the entries of a clear again, but those that were replaced or have expired meanwhile; says how many.
    CacheUndoClear = "cache.undo_clear" { id: i64 } -> CacheExtent
}
command! {
    /// Removes the rows of a clear that could still be undone; says how many.
    CachePurgeClear = "cache.purge_clear" { id: i64 } -> CacheExtent
}
command! {
    /// The newest clears, newest first, each with its state and the gateways that have followed it.
    CacheClears = "cache.clears" { limit: u32 } -> Vec<CacheClearRow>
}
