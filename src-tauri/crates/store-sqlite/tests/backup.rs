//! Backups: whole copies while the database is in use, restored to what they were, and one before every migration.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use weir_contract::model::backup::BackupReason;
use weir_engine::{
    change::Act,
    store::{BackupStore, ChangeStore, ConfigStore, StoreError},
};
use weir_store_sqlite::{SqliteStore, open, restore};

/// 2026-09-21 14:26:40 UTC.
const NOW_MS: i64 = 1_790_000_800_000;

async fn save(store: &SqliteStore, name: &str) {
    store
        .save_config("cap", name, "1", 0, &Act::of_weir("test", NOW_MS))
        .await
        .unwrap();
}

async fn names(store: &SqliteStore) -> Vec<String> {
    let items = store.config_items().await.unwrap();
    items.into_iter().map(|item| item.name).collect()
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_everything_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    for n in 0..50 {
        save(&store, &format!("before-{n:02}")).await;
    }
    // Somebody writes all the while.
    let writer = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..200 {
                save(&store, &format!("during-{n:03}")).await;
            }
        }
    });
    let backup = store.back_up(BackupReason::Daily, NOW_MS).await.unwrap();
    writer.await.unwrap();
    assert_eq!(
        files(&folder.path().join("weir-backups")),
        ["weir-20260921T142640.000Z-daily.db"]
    );
    assert_eq!(store.list_backups().await.unwrap(), vec![backup.clone()]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&backup.path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let copy = folder.path().join("copy.db");
    fs::copy(&backup.path, &copy).unwrap();
    let found = names(&open(&copy).await.unwrap()).await;
    let of_before = found.iter().filter(|name| name.starts_with("before-")).count();
    assert_eq!(of_before, 50);
    // Of what was written meanwhile there is a beginning without gaps.
    let during: Vec<_> = found.iter().filter(|name| name.starts_with("during-")).collect();
    for (n, name) in during.iter().enumerate() {
        assert_eq!(**name, format!("during-{n:03}"));
    }
    store.remove_backup(&backup).await.unwrap();
    store.remove_backup(&backup).await.unwrap();
    assert_eq!(store.list_backups().await.unwrap(), vec![]);
    let other = weir_contract::model::backup::Backup {
        path: path.display().to_string(),
        ..backup
    };
    assert!(store.remove_backup(&other).await.is_err());
    assert!(path.exists(), "nothing but backups is removed");
}

#[tokio::test]
async fn a_restore_brings_back_what_was_and_keeps_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    save(&store, "first").await;
    let backup = PathBuf::from(store.back_up(BackupReason::Manual, NOW_MS).await.unwrap().path);
    save(&store, "second").await;

    // While somebody uses it, nothing happens to it.
    let busy = restore(&path, &backup, NOW_MS).await;
    assert!(
        matches!(&busy, Err(StoreError::Unavailable(text)) if text.contains("is in use")),
        "{busy:?}"
    );
    assert_eq!(names(&store).await, ["first", "second"]);
    store.close().await.unwrap();

    let kept = restore(&path, &backup, NOW_MS).await.unwrap().unwrap();
    let restored = open(&path).await.unwrap();
    assert_eq!(names(&restored).await, ["first"]);
    save(&restored, "third").await;
    assert_eq!(restored.changes_after(0, 10).await.unwrap().len(), 2);
    restored.close().await.unwrap();
    assert_eq!(names(&open(&kept).await.unwrap()).await, ["first", "second"]);
    assert!(!files(folder.path()).iter().any(|name| name.contains("restoring")));
}

#[tokio::test]
async fn what_a_killed_process_left_in_its_log_is_kept_by_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    save(&store, "first").await;
    let backup = PathBuf::from(store.back_up(BackupReason::Manual, NOW_MS).await.unwrap().path);
    save(&store, "second").await;
    // As kill -9 leaves it: the log beside the file, not emptied into it.
    let dead = folder.path().join("dead.db");
    for ending in ["", "-wal"] {
        fs::copy(
            folder.path().join(format!("weir.db{ending}")),
            folder.path().join(format!("dead.db{ending}")),
        )
        .unwrap();
    }
    let kept = restore(&dead, &backup, NOW_MS).await.unwrap().unwrap();
    assert_eq!(names(&open(&dead).await.unwrap()).await, ["first"]);
    assert_eq!(names(&open(&kept).await.unwrap()).await, ["first", "second"]);
}

#[tokio::test]
async fn a_damaged_or_foreign_file_is_never_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    let store = open(&path).await.unwrap();
    for n in 0..300 {
        save(&store, &format!("cap-{n}")).await;
    }
    let backup = PathBuf::from(store.back_up(BackupReason::Manual, NOW_MS).await.unwrap().path);
    store.close().await.unwrap();
    let before = fs::read(&path).unwrap();

    let mut damaged = fs::read(&backup).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 4_096].fill(0xAB);
    let damaged_path = folder.path().join("damaged.db");
    fs::write(&damaged_path, damaged).unwrap();
    let text_path = folder.path().join("text.db");
    fs::write(&text_path, "no database at all, but long enough to be looked at").unwrap();
    let foreign_path = folder.path().join("foreign.db");
    let mut foreign = SqliteConnectOptions::new()
        .filename(&foreign_path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .execute(&mut foreign)
        .await
        .unwrap();
    foreign.close().await.unwrap();
    let newer_path = folder.path().join("newer.db");
    fs::copy(&backup, &newer_path).unwrap();
    let mut newer = raw(&newer_path).await;
    sqlx::raw_sql("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 13")
        .execute(&mut newer)
        .await
        .unwrap();
    newer.close().await.unwrap();

    for wrong in [&damaged_path, &text_path, &foreign_path, &newer_path] {
        let outcome = restore(&path, wrong, NOW_MS).await;
        assert!(
            matches!(outcome, Err(StoreError::Incompatible(_))),
            "{}: {outcome:?}",
            wrong.display()
        );
        assert_eq!(fs::read(&path).unwrap(), before, "{}", wrong.display());
    }
    // A damaged database is what a restore is for.
    fs::write(&path, "gone").unwrap();
    let kept = restore(&path, &backup, NOW_MS).await.unwrap().unwrap();
    assert_eq!(fs::read(kept).unwrap(), b"gone");
    assert_eq!(names(&open(&path).await.unwrap()).await.len(), 300);
    // And one that is not there at all.
    fs::remove_file(&path).unwrap();
    assert_eq!(restore(&path, &backup, NOW_MS).await.unwrap(), None);
}

/// How a file writes: as Weir's do, and as one that was restored from a copy.
const JOURNALS: [SqliteJournalMode; 2] = [SqliteJournalMode::Wal, SqliteJournalMode::Delete];

/// A database as an earlier Weir made it: with the steps below 13.
async fn earlier(folder: &Path, journal: SqliteJournalMode) -> PathBuf {
    let steps = folder.join("steps");
    fs::create_dir(&steps).unwrap();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../migrations/sqlite");
    for step in fs::read_dir(all).unwrap() {
        let step = step.unwrap();
        if step.file_name().to_string_lossy().as_ref() < "0013" {
            fs::copy(step.path(), steps.join(step.file_name())).unwrap();
        }
    }
    let path = folder.join("weir.db");
    let mut connection = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(journal)
        .connect()
        .await
        .unwrap();
    Migrator::new(steps.as_path())
        .await
        .unwrap()
        .run(&mut connection)
        .await
        .unwrap();
    sqlx::raw_sql("INSERT INTO config_items VALUES ('cap', 'old', 1, '1')")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    path
}

#[tokio::test]
async fn before_a_migration_there_is_a_backup_of_the_old_schema() {
    for journal in JOURNALS {
        let folder = tempfile::tempdir().unwrap();
        let path = earlier(folder.path(), journal).await;
        let store = open(&path).await.unwrap();
        assert_eq!(names(&store).await, ["old"]);
        let backups = store.list_backups().await.unwrap();
        assert_eq!(backups.len(), 1);
        assert_eq!(backups[0].reason, BackupReason::Migration);
        let mut copy = raw(Path::new(&backups[0].path)).await;
        let schema: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut copy)
            .await
            .unwrap();
        assert!(schema < 13, "the copy is of before: {schema}");
        copy.close().await.unwrap();
        store.close().await.unwrap();
        // Nothing to migrate, nothing to copy.
        let again = open(&path).await.unwrap();
        assert_eq!(again.list_backups().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn where_no_backup_can_be_made_nothing_is_migrated() {
    for journal in JOURNALS {
        let folder = tempfile::tempdir().unwrap();
        let path = earlier(folder.path(), journal).await;
        fs::write(
            folder.path().join("weir-backups"),
            "a file where the folder should be",
        )
        .unwrap();
        let refused = open(&path).await.map(|_| ());
        assert!(
            matches!(&refused, Err(StoreError::Unavailable(text)) if text.contains("nothing was changed")),
            "{refused:?}"
        );
        let mut connection = raw(&path).await;
        let schema: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert!(schema < 13);
    }
}
