//! The page's commands on backups.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::backups::{BackupsList, BackupsMake},
    model::backup::{Backup, BackupList},
};

/// `backups.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn backups_list(asking: Asking, args: BackupsList) -> Result<BackupList, ApiError> {
    asking.call(args).await
}

/// `backups.make`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn backups_make(asking: Asking, args: BackupsMake) -> Result<Backup, ApiError> {
    asking.call(args).await
}
