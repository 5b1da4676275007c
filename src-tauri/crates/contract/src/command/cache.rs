//! The response cache.
use super::command;
use crate::model::{
    cache::{CacheEntryRow, CacheExtent, CacheSelector, CacheStats},
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
    /// Removes entries from memory and database; says what went.
    CacheClear = "cache.clear" { selector: CacheSelector } -> CacheExtent
}
