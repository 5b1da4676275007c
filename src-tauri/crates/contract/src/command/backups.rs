//! Backups of the database. Restoring is done by `weir-gateway restore` alone, since nothing may use the database meanwhile.
use super::command;
use crate::model::backup::{Backup, BackupList};

command! {
    /// All backups, newest first.
    BackupsList = "backups.list" {} -> BackupList
}
command! {
    /// Makes a backup now and checks it.
    BackupsMake = "backups.make" {} -> Backup
}
