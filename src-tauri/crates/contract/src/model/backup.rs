//! Backups of the database.

use serde::{Deserialize, Serialize};

/// Why a backup was made; also how long it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupReason {
    /// By itself, once a day; thinned out to 7 daily, 4 weekly and 12 monthly ones.
    Daily,
    /// Before the schema was brought up to date; the newest five are kept.
    Migration,
    /// By somebody; kept until somebody removes it.
    Manual,
}

impl BackupReason {
    /// All of them.
    pub const ALL: [BackupReason; 3] = [BackupReason::Daily, BackupReason::Migration, BackupReason::Manual];
    /// As in the file's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["daily", "migration", "manual"][self as usize]
    }
    /// Reads what [`BackupReason::as_str`] writes.
    #[must_use]
    pub fn parse(word: &str) -> Option<BackupReason> {
        BackupReason::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }
}

/// One backup, checked when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    pub path: String,
    pub taken_ms: i64,
    pub bytes: i64,
    pub reason: BackupReason,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupList {
    /// Newest first.
    pub backups: Vec<Backup>,
    /// Where they are; or, where somebody else makes them, how, as a sentence.
    pub folder: String,
    /// True when the newest is older than two days, or there is none though there should be.
    pub is_overdue: bool,
    /// False where the database's server is backed up by whoever runs it, as with Postgres.
    pub made_by_weir: bool,
}
