//! Backups, which are the server's: nothing here can copy a database that many write to and somebody else runs.

use crate::PostgresStore;
use async_trait::async_trait;
use weir_contract::model::backup::{Backup, BackupReason};
use weir_engine::store::{BackupStore, StoreError};

/// How it is done, as a sentence.
const PLACE: &str = "This database is on Postgres, so Weir makes no backups of it: back up your server as you do, or with `pg_dump --schema=weir`.";

#[async_trait]
impl BackupStore for PostgresStore {
    fn makes_backups(&self) -> bool {
        false
    }

    async fn back_up(&self, _reason: BackupReason, _now_ms: i64) -> Result<Backup, StoreError> {
        Err(StoreError::Unavailable(PLACE.to_owned()))
    }

    async fn list_backups(&self) -> Result<Vec<Backup>, StoreError> {
        Ok(Vec::new())
    }

    async fn remove_backup(&self, _backup: &Backup) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(PLACE.to_owned()))
    }

    fn backup_place(&self) -> String {
        PLACE.to_owned()
    }
}
