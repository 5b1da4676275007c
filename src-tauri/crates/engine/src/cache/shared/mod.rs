//! The tier between a gateway's memory and the database: answers that gateways share without asking the database. It may be
//! away at any time; then it is as if it were not there. What was cleared is never served from it, see [`clears`].

pub mod clears;

use crate::store::CacheEntry;
use async_trait::async_trait;
use clears::{ClearMark, NumberedClear};

/// Whom and what an answer was made for, as clears by user and by source name it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct EntryMarks {
    pub user: String,
    pub sources: Vec<String>,
}

/// Answers that gateways share. No call waits for it longer than a read may take, some tens of milliseconds.
#[async_trait]
pub trait SharedCache: Send + Sync {
    /// The entry, unless it has expired or was cleared. None, too, while the tier is away.
    async fn get_entry(&self, key: &str, now_ms: i64) -> Option<CacheEntry>;
    /// The newest clear that was followed, to be asked for before an entry is written to the database or read from it; none
    /// while nothing may be put.
    fn newest_clear(&self) -> Option<ClearMark>;
    /// Puts an entry that was in the database after `made_at`. It is written beside the call, or not at all. `marks` are
    /// none where they are not known: every clear by user or source then means the entry.
    fn put_entry(&self, entry: CacheEntry, marks: Option<EntryMarks>, made_at: ClearMark);
    /// The number to ask the database for clears after, and what to hand to [`SharedCache::follow`] once all were read that the
    /// database had when this was asked.
    fn begin_following(&self) -> (i64, u64);
    /// Takes in clears that the database had, oldest first; none of what they mean is served from now on. `begun` is 0 while
    /// there are more to read.
    fn follow(&self, begun: u64, clears: Vec<NumberedClear>);
    /// Serves and takes nothing until the clears up to now were followed: one was made here whose number is not known.
    fn await_clears(&self);
    /// Why it is not used now, in words; none while it is.
    fn problem(&self) -> Option<String>;
}
