//! Copies a database while it is in use, checks the copy, and gives it its name only then.

use super::{failed, folder_of, name};
use crate::error::from_sqlx;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use weir_contract::model::backup::{Backup, BackupReason};
use weir_engine::store::StoreError;

/// Copies that this process has begun.
static COPIES: AtomicU64 = AtomicU64::new(0);

/// Writes a backup of this database.
///
/// # Errors
/// `Unavailable` when the disk is full or the folder cannot be written, `Incompatible` when the copy is damaged, which means
/// that the database is. Nothing of the copy stays then.
pub(crate) async fn copy_to(
    database: &Path,
    reason: BackupReason,
    taken_ms: i64,
) -> Result<Backup, StoreError> {
    let folder = folder_of(database);
    make_folder(&folder)?;
    let name = name::write(database, taken_ms, reason)
        .ok_or_else(|| StoreError::Unavailable("the clock shows a time that no calendar has".to_owned()))?;
    // Another process, or another window of this one, may be at it in the same millisecond.
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let part = folder.join(format!("{name}.{}-{number}.part", std::process::id()));
    let whole = folder.join(name);
    // Somebody waits for a migration. Reading every index against its table takes ten times as long as copying, and finds
    // only what can be made anew from the tables.
    let depth = match reason {
        BackupReason::Migration => Depth::Pages,
        _ => Depth::PagesAndIndexes,
    };
    let made = write_and_check(database, &part, depth).await;
    let named = made.and_then(|bytes| match publish(&part, &whole) {
        Ok(()) => Ok(bytes),
        Err(problem) => Err(failed(&whole, "cannot be written", &problem)),
    });
    match named {
        Ok(bytes) => Ok(Backup {
            path: whole.display().to_string(),
            taken_ms,
            bytes,
            reason,
        }),
        Err(problem) => {
            // Best effort: what stays of it is no backup by its name, and the next one of this moment cannot come.
            let _ = fs::remove_file(&part);
            Err(problem)
        }
    }
}

/// The size of the copy in bytes.
async fn write_and_check(database: &Path, part: &Path, depth: Depth) -> Result<i64, StoreError> {
    create_private(part).map_err(|problem| failed(part, "cannot be created", &problem))?;
    let mut source = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .busy_timeout(std::time::Duration::from_secs(5))
        .disable_statement_logging()
        .connect()
        .await
        .map_err(from_sqlx)?;
    let target = part.display().to_string();
    let copied = sqlx::query("VACUUM INTO ?")
        .bind(&target)
        .execute(&mut source)
        .await;
    // Nothing was written through this connection, so a failure to close it loses nothing.
    let _ = source.close().await;
    copied.map_err(from_sqlx)?;
    check(part, depth).await?;
    let file = fs::File::open(part).map_err(|problem| failed(part, "cannot be read", &problem))?;
    file.sync_all()
        .map_err(|problem| failed(part, "cannot be written to the disk", &problem))?;
    let bytes = file.metadata().map_or(0, |file| file.len());
    Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// How much of a copy is checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Depth {
    /// Every page and row.
    Pages,
    /// Also that each index says what its table does.
    PagesAndIndexes,
}

/// Reads a file that nobody else uses from end to end.
///
/// # Errors
/// `Incompatible` when it is damaged or not Weir's.
pub(super) async fn check(path: &Path, depth: Depth) -> Result<(), StoreError> {
    let mut copy = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(from_sqlx)?;
    let outcome = look_over(&mut copy, path, depth).await;
    let _ = copy.close().await;
    outcome
}

async fn look_over(copy: &mut SqliteConnection, path: &Path, depth: Depth) -> Result<(), StoreError> {
    let look = match depth {
        // Conditions on columns held when the rows were written; judging them for every row anew takes twice as long as
        // reading the rows.
        Depth::Pages => "PRAGMA ignore_check_constraints = ON; PRAGMA quick_check(1)",
        Depth::PagesAndIndexes => "PRAGMA integrity_check(1)",
    };
    let said: String = sqlx::query_scalar(look)
        .fetch_one(&mut *copy)
        .await
        .map_err(from_sqlx)?;
    if said != "ok" {
        return Err(StoreError::Incompatible(format!(
            "{} is damaged ({}); it is no backup",
            path.display(),
            said.replace('\n', " ")
        )));
    }
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(copy)
        .await
        .map_err(from_sqlx)?;
    if application != crate::schema::APPLICATION_ID {
        return Err(StoreError::Incompatible(format!(
            "{} is not a database of Weir",
            path.display()
        )));
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|problem| failed(folder, "cannot be created", &problem))
}

/// An empty file that only its owner reads; SQLite copies into it.
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// Gives the file its name and makes the name last.
pub(super) fn publish(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to.parent().map(Path::to_path_buf).unwrap_or_default())
}

#[cfg(unix)]
fn sync_folder(folder: PathBuf) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    };
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: PathBuf) -> std::io::Result<()> {
    Ok(())
}
