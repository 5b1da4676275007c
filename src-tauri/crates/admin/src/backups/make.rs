//! `backups.make`: a backup now, checked, kept until somebody removes it.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    command::backups::BackupsMake,
    model::backup::{Backup, BackupReason},
};

/// Makes it while calls go on.
///
/// # Errors
/// The disk is full or cannot be written, or the copy is damaged; nothing of it stays then.
pub async fn make(admin: &Admin, _: BackupsMake) -> Result<Backup, ApiError> {
    let backup = admin
        .store
        .back_up(BackupReason::Manual, admin.clock.now_ms())
        .await
        .map_err(from_store)?;
    Ok(backup)
}
