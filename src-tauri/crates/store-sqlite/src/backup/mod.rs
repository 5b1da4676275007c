//! Backups in a folder beside the database: whole copies by `VACUUM INTO`, checked before they get their name.

mod copy;
mod name;
mod restore;

pub(crate) use copy::copy_to;
pub(crate) use name::folder_of;
pub use restore::restore;

use crate::SqliteStore;
use async_trait::async_trait;
use std::{fs, path::Path};
use weir_contract::model::backup::{Backup, BackupReason};
use weir_engine::store::{BackupStore, StoreError};

#[async_trait]
impl BackupStore for SqliteStore {
    fn makes_backups(&self) -> bool {
        true
    }

    async fn back_up(&self, reason: BackupReason, now_ms: i64) -> Result<Backup, StoreError> {
        copy_to(self.path(), reason, now_ms).await
    }

    async fn list_backups(&self) -> Result<Vec<Backup>, StoreError> {
        let folder = folder_of(self.path());
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(problem) => return Err(failed(&folder, "cannot be read", &problem)),
        };
        let mut found: Vec<Backup> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let (taken_ms, reason) = name::read(&entry.file_name().to_string_lossy())?;
                let bytes = entry.metadata().ok()?.len();
                Some(Backup {
                    path: entry.path().display().to_string(),
                    taken_ms,
                    bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
                    reason,
                })
            })
            .collect();
        found.sort_by_key(|backup| std::cmp::Reverse(backup.taken_ms));
        Ok(found)
    }

    async fn remove_backup(&self, backup: &Backup) -> Result<(), StoreError> {
        let path = Path::new(&backup.path);
        // Whatever the caller says: nothing but our own backups is ever removed.
        let is_ours = path.parent() == Some(folder_of(self.path()).as_path())
            && path
                .file_name()
                .is_some_and(|file| name::read(&file.to_string_lossy()).is_some());
        if !is_ours {
            return Err(StoreError::Unavailable(format!(
                "{} is no backup of this database; nothing was removed",
                path.display()
            )));
        }
        match fs::remove_file(path) {
            Ok(()) => Ok(()),
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(problem) => Err(failed(path, "cannot be removed", &problem)),
        }
    }

    fn backup_place(&self) -> String {
        folder_of(self.path()).display().to_string()
    }
}

fn failed(path: &Path, what: &str, problem: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{} {what}: {problem}", path.display()))
}
