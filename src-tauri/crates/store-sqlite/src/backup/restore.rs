//! Puts a backup in the place of a database that nobody uses. What was there is kept beside it.

use super::{
    copy::{Depth, check, create_private, publish},
    failed,
};
use crate::{error::from_sqlx, schema::newest_schema};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use weir_engine::store::StoreError;

/// Replaces the database by a copy of the backup; where what was there before is kept, if there was something.
///
/// # Errors
/// `Incompatible` when the backup is damaged, not Weir's, or from a newer Weir; `Unavailable` when somebody uses the database,
/// or the disk cannot be written. The database is as it was then.
pub async fn restore(database: &Path, backup: &Path, now_ms: i64) -> Result<Option<PathBuf>, StoreError> {
    if !backup.is_file() {
        return Err(StoreError::Incompatible(format!(
            "there is no backup {}; weir-gateway backup --list names those there are",
            backup.display()
        )));
    }
    check(backup, Depth::PagesAndIndexes).await?;
    let schema = schema_of(backup).await?;
    if schema > newest_schema() {
        return Err(StoreError::Incompatible(format!(
            "{} was written by a newer Weir (schema {schema}; this one knows {}); update Weir first",
            backup.display(),
            newest_schema()
        )));
    }
    let part = beside(database, &format!("restoring-{now_ms}"));
    create_private(&part).map_err(|problem| failed(&part, "cannot be created", &problem))?;
    let outcome = put_in_place(database, backup, &part, now_ms).await;
    if outcome.is_err() {
        let _ = fs::remove_file(&part);
    }
    outcome
}

async fn put_in_place(
    database: &Path,
    backup: &Path,
    part: &Path,
    now_ms: i64,
) -> Result<Option<PathBuf>, StoreError> {
    fs::copy(backup, part).map_err(|problem| failed(part, "cannot be written", &problem))?;
    let synced = fs::File::open(part).and_then(|file| file.sync_all());
    synced.map_err(|problem| failed(part, "cannot be written to the disk", &problem))?;
    check(part, Depth::PagesAndIndexes).await?;
    if !database.exists() {
        publish(part, database).map_err(|problem| failed(database, "cannot be written", &problem))?;
        return Ok(None);
    }
    close_for_good(database).await?;
    let kept = beside(database, &format!("replaced-{now_ms}"));
    // The old file gets a second name first, so that at no moment there is none.
    if fs::hard_link(database, &kept).is_err() {
        fs::copy(database, &kept).map_err(|problem| failed(&kept, "cannot be written", &problem))?;
    }
    // A log of the old file must not be laid over the new one.
    for ending in ["-wal", "-shm"] {
        let log = with_ending(database, ending);
        if log.exists() {
            let to = with_ending(&kept, ending);
            fs::rename(&log, &to).map_err(|problem| failed(&log, "cannot be moved away", &problem))?;
        }
    }
    publish(part, database).map_err(|problem| failed(database, "cannot be replaced", &problem))?;
    Ok(Some(kept))
}

/// Makes sure that nobody has the database open, and empties its log into it. One that is too damaged for that is taken as
/// it is: it is the reason to restore.
async fn close_for_good(database: &Path) -> Result<(), StoreError> {
    let opened = SqliteConnectOptions::new()
        .filename(database)
        .busy_timeout(Duration::from_secs(2))
        .pragma("locking_mode", "EXCLUSIVE")
        .disable_statement_logging()
        .connect()
        .await;
    let outcome = match opened {
        Ok(mut connection) => {
            let outcome = lock_alone(&mut connection).await;
            let _ = connection.close().await;
            outcome
        }
        Err(problem) => Err(problem),
    };
    match outcome.map_err(from_sqlx) {
        // It is damaged.
        Ok(()) | Err(StoreError::Incompatible(_)) => Ok(()),
        Err(problem) => Err(StoreError::Unavailable(format!(
            "{} is in use: close Weir's window and stop every gateway on it, then restore again ({problem})",
            database.display()
        ))),
    }
}

async fn lock_alone(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // With this locking mode the first transaction takes the file for itself alone, and fails while anybody has it open.
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut *connection).await?;
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(connection)
        .await?;
    Ok(())
}

async fn schema_of(path: &Path) -> Result<i64, StoreError> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(from_sqlx)?;
    let schema = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .map_err(from_sqlx);
    let _ = connection.close().await;
    schema
}

fn beside(database: &Path, word: &str) -> PathBuf {
    with_ending(database, &format!(".{word}"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
