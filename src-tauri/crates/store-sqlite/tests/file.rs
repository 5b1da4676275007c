//! What opening does with files that are not as they should be, and what it leaves behind.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs, path::Path};
use weir_engine::store::{KeyStore, LedgerStore, StoreError};
use weir_store_sqlite::open;

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

async fn refusal(path: &Path) -> String {
    match open(path).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(StoreError::Incompatible(text)) => text,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_bundled_sqlite_has_the_wal_reset_fix() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![3, 51, 3], "SQLite {version}");
}

#[tokio::test]
async fn connections_have_page_caches_of_their_own() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let options: Vec<String> = sqlx::query_scalar("PRAGMA compile_options")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let shares = options.iter().any(|option| option == "ENABLE_MEMORY_MANAGEMENT");
    assert!(!shares, "SQLite was not built as .cargo/config.toml says");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_file_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/by/weir/weir.db");
    let store = open(&path).await.unwrap();
    store.beat("g", 1).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    store.close().await.unwrap();
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "a closed database is one file");
}

#[tokio::test]
async fn what_was_written_is_there_after_close_and_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    let clone = store.clone();
    clone.save("a", 0).await;
    store.close().await.unwrap();
    let later = clone.beat("g", 1).await;
    assert!(matches!(later, Err(StoreError::Unavailable(_))), "{later:?}");
    assert!(clone.list_keys().await.is_err());
    assert!(clone.close().await.is_err(), "closing twice says so");

    let store = open(&path).await.unwrap();
    assert_eq!(store.version().await, 1);
    // Dropped without closing, it may be opened again at once.
    drop(store);
    open(&path).await.unwrap().close().await.unwrap();
}

/// Short names for what the tests write and read.
trait Touch {
    async fn save(&self, name: &str, expected: i64);
    async fn version(&self) -> i64;
}

impl Touch for weir_store_sqlite::SqliteStore {
    async fn save(&self, name: &str, expected: i64) {
        use weir_engine::store::ConfigStore;
        self.save_config(
            "setting",
            name,
            "1",
            expected,
            &weir_engine::change::Act::of_weir("test", 1),
        )
        .await
        .unwrap();
    }
    async fn version(&self) -> i64 {
        use weir_engine::store::ConfigStore;
        self.config_version().await.unwrap()
    }
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for content in [
        &b"x"[..],
        b"these are my notes, and long enough to be a header",
        &[0; 5000],
    ] {
        fs::write(&path, content).unwrap();
        let text = refusal(&path).await;
        assert!(
            text.contains("notes.txt") && text.contains("nothing was changed"),
            "{text}"
        );
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert!(open(folder.path()).await.is_err(), "a folder is no file");
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    for n in 0..300 {
        store.save(&format!("{n}: {}", "x".repeat(200)), 0).await;
    }
    store.close().await.unwrap();
    let whole = fs::read(&path).unwrap();
    // The head of one page after another, from the schema to the last.
    for page in (0..whole.len() / 4096).step_by(7) {
        let mut damaged = whole.clone();
        let head = page * 4096 + if page == 0 { 100 } else { 0 };
        damaged[head..head + 64].fill(0xAB);
        fs::write(&path, &damaged).unwrap();
        let text = refusal(&path).await;
        assert!(
            text.contains("damaged"),
            "page {page} is damaged, and it says {text}"
        );
        assert_eq!(fs::read(&path).unwrap(), damaged, "page {page}");
    }
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let text = refusal(&path).await;
    assert!(text.contains("damaged"), "{text}");
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("places.db");
    let mut connection = raw(&path).await;
    sqlx::query("CREATE TABLE places (name TEXT)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    let text = refusal(&path).await;
    assert!(text.contains("another program"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    open(&path).await.unwrap().close().await.unwrap();
    let mut connection = raw(&path).await;
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 1)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    let text = refusal(&path).await;
    assert!(text.contains("newer Weir") && text.contains("9999"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_locked_database_says_who_to_close_and_works_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    let mut other = raw(&path).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (write, second) = tokio::join!(store.beat("g", 1), open(&path));
    for error in [write.unwrap_err(), second.err().unwrap()] {
        let StoreError::Unavailable(text) = error else {
            panic!("{error}")
        };
        assert!(text.contains("locked") && text.contains("close"), "{text}");
    }
    assert_eq!(store.list_keys().await.unwrap(), vec![], "reading goes on");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.beat("g", 1).await.unwrap();
}

#[tokio::test]
async fn many_may_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let stores = open_six(&path).await;
    for (n, store) in stores.iter().enumerate() {
        store.save(&n.to_string(), 0).await;
    }
    assert_eq!(stores[0].version().await, stores.len() as i64);
}

async fn open_six(path: &Path) -> Vec<weir_store_sqlite::SqliteStore> {
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let path = path.to_owned();
            tokio::spawn(async move { open(&path).await.unwrap() })
        })
        .collect();
    let mut stores = vec![];
    for one in opening {
        stores.push(one.await.unwrap());
    }
    stores
}

#[tokio::test]
async fn logs_are_insert_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    store.save("a", 0).await;
    store.save("a", 1).await;
    let mut connection = raw(&path).await;
    sqlx::query("INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms) VALUES ('grant', 'day', 0, 'l', 5, 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    for statement in [
        "UPDATE ledger SET amount_nanousd = 0",
        "DELETE FROM ledger",
        "UPDATE config_changes SET who = 'nobody'",
        "DELETE FROM config_changes",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await;
        assert!(
            refused.unwrap_err().to_string().contains("insert-only"),
            "{statement}"
        );
    }
    type Change = (i64, String, Option<String>, Option<String>, String, i64);
    let log: Vec<Change> = sqlx::query_as(
        "SELECT version, name, before, after, who, at_ms FROM config_changes ORDER BY version",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let row = |version, before: Option<&str>| {
        (
            version,
            "a".to_owned(),
            before.map(str::to_owned),
            Some("1".to_owned()),
            "test".to_owned(),
            1,
        )
    };
    assert_eq!(log, vec![row(1, None), row(2, Some("1"))]);
    // The ledger row that was put there behind the store's back is found.
    assert_eq!(store.check_ledger().await.unwrap().len(), 1);
}
