//! `backups.list`: what there is to go back to.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::backups::BackupsList, model::backup::BackupList};
use weir_engine::backup::is_overdue;

/// All backups, newest first.
///
/// # Errors
/// The folder cannot be read, or this store's backups are somebody else's work.
pub async fn list(admin: &Admin, _: BackupsList) -> Result<BackupList, ApiError> {
    let backups = admin.store.list_backups().await.map_err(from_store)?;
    Ok(BackupList {
        is_overdue: admin.store.makes_backups() && is_overdue(&backups, admin.clock.now_ms()),
        backups,
        folder: admin.store.backup_place(),
        made_by_weir: admin.store.makes_backups(),
    })
}
