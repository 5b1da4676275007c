//! The daily backup, and what is no longer to be kept. Asked for every hour by every gateway; one of them makes it.

use weir_contract::model::backup::BackupReason;
use weir_engine::{
    backup::{is_due, superfluous},
    store::{Store, StoreError},
};

/// Makes the daily backup if it is due and this store makes its own, and thins out the older ones. Says whether one was made.
///
/// # Errors
/// The store's. Nothing is removed then.
pub async fn round(store: &dyn Store, now_ms: i64) -> Result<bool, StoreError> {
    if !store.makes_backups() || !is_due(&store.list_backups().await?, now_ms) {
        return Ok(false);
    }
    store.back_up(BackupReason::Daily, now_ms).await?;
    // Only after a new one stands.
    for backup in superfluous(&store.list_backups().await?) {
        store.remove_backup(&backup).await?;
    }
    Ok(true)
}
