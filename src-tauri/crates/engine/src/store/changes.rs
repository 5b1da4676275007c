//! What the engine asks of the log of changes.
//!
//! The rows are written by the changes themselves: every write that is handed an [`Act`](crate::change::Act) adds its row
//! ([`next_row`](crate::change::next_row)) in its own transaction, where the newest row is read under the same lock, so that
//! two gateways never follow the same row.

use super::StoreError;
use async_trait::async_trait;
use weir_contract::model::change::{Change, ChangeFilter};

/// What was before a change, in full; kept apart from the log and forgotten after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoSource {
    pub kind: String,
    pub name: String,
    /// JSON; none when it did not exist.
    pub before: Option<String>,
    /// The version that the change made.
    pub version: i64,
}

/// The log of changes. It only grows.
#[async_trait]
pub trait ChangeStore {
    /// Newest first, with the change that took each back; those before `before_seq` where it is given.
    async fn list_changes(
        &self,
        filter: &ChangeFilter,
        before_seq: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(Change, Option<i64>)>, StoreError>;
    /// Those after `seq`, oldest first, to check the chain.
    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError>;
    async fn get_change(&self, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError>;
    /// What an undo puts back; none when that is no longer known, or was never to be put back.
    async fn undo_source(&self, seq: i64) -> Result<Option<UndoSource>, StoreError>;
    /// Who made this version of the configuration and when, with what it was then.
    async fn config_version_body(
        &self,
        version: i64,
    ) -> Result<Option<(String, i64, Option<String>)>, StoreError>;
    /// Writes a row for something that is no write of its own: a restored backup, an import that is begun.
    async fn note_change(&self, kind: &str, name: &str, act: &crate::change::Act) -> Result<i64, StoreError>;
    /// Forgets what was before changes of virtual keys made before this time. The log itself stays.
    async fn expire_undo_sources(&self, before_ms: i64) -> Result<u64, StoreError>;
}
