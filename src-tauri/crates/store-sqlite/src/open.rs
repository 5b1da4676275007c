//! Opens a database file: creates it, refuses what is not Weir's or too new, migrates it, starts the writer.

use crate::{
    Inner, SqliteStore,
    backup::copy_to,
    error::{damaged, from_sqlx, is_locked},
    writer::Writer,
};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;
use weir_contract::model::backup::BackupReason;
use weir_engine::store::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("../../../migrations/sqlite");

/// "WEIR", as the first migration writes it.
pub(crate) const APPLICATION_ID: i64 = 0x5745_4952;
const HEADER: &[u8; 16] = b"SQLite format 3\0";
/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long opening goes on against a lock. Longer than one statement, since another process may be bringing a large file's
/// schema up to date, and since SQLite refuses at once, without waiting, where two would wait for each other.
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);
const OPENING_PAUSE: Duration = Duration::from_millis(50);
const READERS: u32 = 4;
/// Files up to this size are checked whole at every start (some tens of milliseconds); damage in larger ones shows when
/// the damaged page is read.
const CHECKED_AT_START_BYTES: u64 = 32 * 1024 * 1024;

/// Opens the database at `path`, creating folder (mode 0700) and file (mode 0600) when there are none. Must be called
/// in a Tokio runtime; the writer lives in it.
///
/// # Errors
/// `Incompatible` when the file is damaged, another program's, or from a newer Weir; it is left as it is.
/// `Unavailable` when it stays locked for some ten seconds, or cannot be created, read or written.
pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let path = path.to_owned();
    prepare_file(&path)?;
    let until = Instant::now() + OPENING_TIMEOUT;
    loop {
        let size_bytes = fs::metadata(&path).map_or(0, |file| file.len());
        match open_file(path.clone(), size_bytes).await {
            Err(error) if is_locked(&error) && Instant::now() < until => {
                tokio::time::sleep(OPENING_PAUSE).await;
            }
            opened => return opened.map_err(|error| name_file(&path, error)),
        }
    }
}

async fn open_file(path: PathBuf, size_bytes: u64) -> Result<SqliteStore, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("mmap_size", "0")
        // 16 MiB each: the pages that every request touches stay in memory, and are copied from the log into the file
        // once for many requests.
        .pragma("cache_size", "-16384")
        .pragma("wal_autocheckpoint", "4000")
        // What is deleted is overwritten where its page is written anyway; a purge of the cache overwrites all.
        .pragma("secure_delete", "FAST")
        .disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(from_sqlx)?;
    check_owner(&mut connection).await?;
    if size_bytes <= CHECKED_AT_START_BYTES {
        check_pages(&mut connection).await?;
    }
    back_up_before_migration(&mut connection, &path).await?;
    migrate(&mut connection).await?;
    // Only now, because changing the journal mode writes to the file.
    use_write_ahead_log(&mut connection).await?;

    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await
        .map_err(from_sqlx)?;
    let writer = Writer::start(connection).map_err(|error| {
        StoreError::Unavailable(format!("the database's thread could not be started: {error}"))
    })?;
    Ok(SqliteStore {
        inner: Arc::new(Inner {
            writer,
            readers,
            path,
        }),
    })
}

/// Puts the file's name in front, so that the reader knows which one is meant.
fn name_file(path: &Path, error: StoreError) -> StoreError {
    let path = path.display();
    match error {
        StoreError::Unavailable(text) => StoreError::Unavailable(format!("{path}: {text}")),
        StoreError::Incompatible(text) => StoreError::Incompatible(format!("{path}: {text}")),
        other => other,
    }
}

fn prepare_file(path: &Path) -> Result<(), StoreError> {
    let failed = |what: &str, error: std::io::Error| {
        StoreError::Unavailable(format!("{}: {what}: {error}", path.display()))
    };
    if path.is_dir() {
        return Err(StoreError::Unavailable(format!(
            "{} is a folder; name a file in it, such as {}",
            path.display(),
            path.join("weir.db").display()
        )));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| failed("its folder cannot be created", error))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed("the file cannot be created", error)),
    }
    let file = fs::File::open(path).map_err(|error| failed("the file cannot be read", error))?;
    let mut start = Vec::with_capacity(HEADER.len());
    file.take(HEADER.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| failed("the file cannot be read", error))?;
    // An empty file is an empty database to SQLite.
    if !start.is_empty() && start != HEADER {
        return Err(name_file(path, damaged("its first bytes are not SQLite's")));
    }
    Ok(())
}

async fn check_owner(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    if application == APPLICATION_ID || (application == 0 && tables == 0) {
        return Ok(());
    }
    Err(StoreError::Incompatible(
        "this is another program's database; nothing was changed: name another file, such as weir.db"
            .to_owned(),
    ))
}

async fn check_pages(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let problem: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    if problem == "ok" {
        Ok(())
    } else {
        Err(damaged(&problem.replace('\n', " ")))
    }
}

/// The newest step of the schema that this Weir knows.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|step| step.version).max().unwrap_or(0)
}

/// A database that has something to lose is copied before its schema changes. Where that is not possible, nothing changes.
async fn back_up_before_migration(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let is_new: bool =
        sqlx::query_scalar("SELECT count(*) = 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    if is_new {
        return Ok(());
    }
    let schema: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    if schema == 0 || schema >= newest_schema() {
        return Ok(());
    }
    let now_ms: i64 = sqlx::query_scalar("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    copy_to(path, BackupReason::Migration, now_ms)
        .await
        .map(|_| ())
        .map_err(|problem| {
            StoreError::Unavailable(format!(
                "its schema was not brought up to date, because it could not be backed up first ({problem}); nothing was changed"
            ))
        })
}

/// Applies what is missing in one transaction, which also keeps a second process out meanwhile.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(from_sqlx)?;
    // Not `run`, whose future the compiler cannot prove to be `Send`.
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => {
            let known = newest_schema();
            StoreError::Incompatible(format!(
                "the database was written by a newer Weir (schema {found}; this one knows {known}); nothing was changed: update Weir, or name another file"
            ))
        }
        MigrateError::VersionMismatch(version) => StoreError::Incompatible(format!(
            "the database was made by an unreleased Weir (schema step {version} differs); nothing was changed: name another file"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => from_sqlx(error),
        other => StoreError::Incompatible(format!("the database's schema could not be brought up to date: {other}")),
    })?;
    transaction.commit().await.map_err(from_sqlx)
}

async fn use_write_ahead_log(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let got: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    if got.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!(
            "its file system does not support SQLite's write-ahead log (mode {got}); put it on a local disk"
        )))
    }
}
