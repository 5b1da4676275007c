//! Opens a database file: creates it, refuses what is not Weir's or too new, migrates it, starts the writer.

use crate::{
    Inner, SqliteStore,
    error::{damaged, from_sqlx, is_locked},
    journal::use_write_ahead_log,
    migrate::bring_up_to_date,
    schema::APPLICATION_ID,
    writer::Writer,
};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
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
use weir_engine::store::StoreError;

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
    bring_up_to_date(&mut connection, &options, &path).await?;
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
