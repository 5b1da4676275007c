//! What the engine asks of backups, of stores that can make them by themselves.

use super::StoreError;
use async_trait::async_trait;
use weir_contract::model::backup::{Backup, BackupReason};

/// Backups beside the database. A store whose backups somebody else makes has none, says so by `makes_backups`, and says in
/// [`backup_place`](BackupStore::backup_place) how they are made.
#[async_trait]
pub trait BackupStore {
    /// False where backups are somebody else's work: nothing is due then, and `back_up` fails with `Unavailable`.
    fn makes_backups(&self) -> bool;
    /// Writes a whole copy, checks it and only then gives it its name. Calls go on meanwhile.
    async fn back_up(&self, reason: BackupReason, now_ms: i64) -> Result<Backup, StoreError>;
    /// Newest first.
    async fn list_backups(&self) -> Result<Vec<Backup>, StoreError>;
    /// Removes one; nothing happens when it is gone already.
    async fn remove_backup(&self, backup: &Backup) -> Result<(), StoreError>;
    /// Where they are; or, where somebody else makes them, by what, as a sentence.
    fn backup_place(&self) -> String;
}
