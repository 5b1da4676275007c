//! MIG-1 to MIG-4 on both stores: from every older schema with data in it, interrupted, by several at once, and newer ones.

use crate::upgrades_data::{REQUESTS, START_MS, data, sums, without_configuration};
use std::{path::Path, process::Stdio, time::Duration};
use support::{
    postgres::TestDatabase,
    process::{binary, command},
};
use weir_contract::model::{request::RequestFilter, time::TimeRange};
use weir_engine::store::{Dimension, Grain, Store};

static SQLITE_STEPS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");

/// The first schema that a gateway could work with.
const FIRST: i64 = 5;

/// The data can be used, not only counted.
async fn check_in_use(store: &dyn Store, what: &str) {
    let rows = store
        .list_requests(&RequestFilter::default(), None, 1_000)
        .await
        .unwrap();
    assert_eq!(rows.len() as i64, REQUESTS, "{what}");
    assert_eq!(rows[0].id, format!("request-{}", 10_000 + REQUESTS), "{what}");
    let detail = store.get_request("request-10001").await.unwrap().unwrap();
    assert_eq!(
        detail.request_body.as_deref(),
        Some("asked request-10001"),
        "{what}"
    );
    let cost: i64 = rows.iter().map(|row| row.cost_nanousd.0).sum();
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd.0, cost, "{what}");
    assert_eq!(store.check_ledger().await.unwrap(), [], "{what}");
    store.fold_rollups().await.unwrap();
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + 4 * 86_400_000,
    };
    let series = store
        .rollup_series(Dimension::All, Grain::Hour, range, 3_600_000)
        .await
        .unwrap();
    let (counted, charged) = series.iter().fold((0, 0), |(counted, charged), point| {
        (
            counted + point.counters.requests,
            charged + point.counters.cost_nanousd,
        )
    });
    assert_eq!((counted, charged), (REQUESTS, cost), "{what}");
    assert!(store.find_key("abc").await.unwrap().is_some(), "{what}");
    let entry = store.get_entry("key-7", START_MS).await.unwrap().unwrap();
    assert_eq!(entry.body, b"answer", "{what}");
    assert_eq!(store.config_items().await.unwrap().len(), 1, "{what}");
}

/// A Postgres of an older Weir, with data.
pub(crate) fn old_postgres(steps: &str, version: i64) -> TestDatabase {
    let until = steps
        .match_indices("-- Step ")
        .find(|(at, _)| steps[at + 8..at + 12].parse::<i64>().unwrap() > version)
        .map_or(steps.len(), |(at, _)| at);
    let database = TestDatabase::empty();
    // From a file: it is longer than an argument may be.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &steps[..until]).unwrap();
    database.sql(&format!("\\i {}", file.path().display()));
    database.sql(&data(true));
    database
}

/// A file of an older Weir, with data. Every second one was restored from a copy, which has no write-ahead log.
async fn old_sqlite(path: &Path, version: i64) {
    let mut connection = connect(path).await;
    if version % 2 == 1 {
        sqlx::query("PRAGMA journal_mode = WAL")
            .execute(&mut connection)
            .await
            .unwrap();
    }
    SQLITE_STEPS.run_to(version, &mut connection).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(data(false)))
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

async fn connect(path: &Path) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    sqlx::ConnectOptions::connect(&options).await.unwrap()
}

/// What a query on a file gives, and the newest step that it has.
async fn sqlite_state(path: &Path) -> (String, i64) {
    let mut connection = connect(path).await;
    let sums = sqlx::query_scalar(sqlx::AssertSqlSafe(sums(false)))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let version = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    (sums, version)
}

fn versions() -> Vec<i64> {
    let all = SQLITE_STEPS.iter().map(|step| step.version);
    all.filter(|version| *version >= FIRST).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_older_file_comes_up_to_date_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let newest = versions().into_iter().max().unwrap();
    for version in versions() {
        let path = folder.path().join(version.to_string()).join("weir.db");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        old_sqlite(&path, version).await;
        let (before, old) = sqlite_state(&path).await;
        assert_eq!(old, version);
        let store = weir_store_sqlite::open(&path).await.unwrap();
        let what = format!("SQLite from {version}");
        assert_eq!(sqlite_state(&path).await, (before.clone(), newest), "{what}");
        check_in_use(&store, &what).await;
        store.close().await.unwrap();
        let copies = std::fs::read_dir(path.with_file_name("weir-backups")).map_or(0, Iterator::count);
        assert_eq!(copies > 0, version < newest, "{what}: a copy is made before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_older_postgres_comes_up_to_date_with_all_that_is_in_it() {
    let steps = weir_store_postgres::pending_sql(&TestDatabase::empty().url())
        .await
        .unwrap();
    for version in versions() {
        let database = old_postgres(&steps, version);
        let before = database.sql(&sums(true));
        let what = format!("Postgres from {version}");
        // Two at once, and again.
        let url = database.url();
        let (one, other) = futures::join!(
            weir_store_postgres::migrate(&url),
            weir_store_postgres::migrate(&url)
        );
        let missing = versions().into_iter().filter(|step| *step > version).count();
        assert_eq!(one.unwrap().len() + other.unwrap().len(), missing, "{what}");
        assert_eq!(database.sql(&sums(true)), before, "{what}");
        let store = weir_store_postgres::open(&database.url()).await.unwrap();
        check_in_use(&store, &what).await;
        store.close().await.unwrap();
    }
}

/// MIG-2 on a file: killed at any moment it is as before or up to date, never in between, and the next start goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_migration_is_killed_is_old_or_new() {
    let folder = tempfile::tempdir().unwrap();
    let newest = versions().into_iter().max().unwrap();
    let fixture = folder.path().join("fixture.db");
    old_sqlite(&fixture, FIRST).await;
    let (before, _) = sqlite_state(&fixture).await;
    let (mut kills, mut seen_old, mut wait_ms) = (0, 0, 0.0);
    loop {
        let path = folder.path().join(format!("{kills}.db"));
        std::fs::copy(&fixture, &path).unwrap();
        let url = format!("sqlite://{}", path.display());
        let mut child = command(
            folder.path(),
            &["admin", "call", "caps.list", "{}"],
            &[("WEIR_DATABASE", &url)],
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        let ended = tokio::time::timeout(Duration::from_secs_f64(wait_ms / 1e3), child.wait()).await;
        if let Ok(status) = ended {
            assert!(status.unwrap().success());
            assert_eq!(sqlite_state(&path).await.1, newest);
            break;
        }
        child.kill().await.unwrap();
        kills += 1;
        // In parts of the time it takes, so that a slow machine does not kill it hundreds of times.
        wait_ms = wait_ms * 1.04 + 3.0;
        let (sums, version) = sqlite_state(&path).await;
        assert_eq!(
            without_configuration(&sums),
            without_configuration(&before),
            "after {wait_ms} ms"
        );
        assert!(
            version == FIRST || version == newest,
            "half of it after {wait_ms} ms: {version}"
        );
        seen_old += usize::from(version == FIRST);
        // Whatever it left, the next start goes on.
        let store = weir_store_sqlite::open(&path).await.unwrap();
        store.close().await.unwrap();
        let (after, version) = sqlite_state(&path).await;
        assert_eq!(
            (without_configuration(&after), version),
            (without_configuration(&before), newest)
        );
        std::fs::remove_file(&path).unwrap();
        assert!(kills < 300, "it never ends");
    }
    println!(
        "{kills} kills, {seen_old} before the schema changed ({})",
        binary().display()
    );
    assert!(kills > 3 && seen_old > 0, "{kills} kills, {seen_old} in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_open_an_old_file_at_once_change_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.db");
    old_sqlite(&path, FIRST).await;
    let (before, _) = sqlite_state(&path).await;
    let opening = (0..4).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { weir_store_sqlite::open(&path).await })
    });
    for opened in futures::future::join_all(opening).await {
        opened.unwrap().unwrap().close().await.unwrap();
    }
    assert_eq!(sqlite_state(&path).await.0, before);
}

/// MIG-3 and -4 on a file: another program's, and a newer Weir's, are refused and stay as they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_ours_or_newer_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    for (name, sql, says) in [
        (
            "foreign.db",
            "CREATE TABLE requests (id INTEGER); INSERT INTO requests VALUES (7)",
            "another program's",
        ),
        (
            "newer.db",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'of the future', 1, x'00', 0)",
            "newer Weir",
        ),
    ] {
        let path = folder.path().join(name);
        if says == "newer Weir" {
            old_sqlite(&path, versions().into_iter().max().unwrap()).await;
        }
        let mut connection = connect(&path).await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let problem = weir_store_sqlite::open(&path).await.err().unwrap().to_string();
        assert!(problem.contains(says), "{problem}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
}

/// Gateways go on while their database is migrated again and gets a newer Weir's step.
#[tokio::test(flavor = "multi_thread")]
async fn gateways_serve_on_while_the_schema_is_migrated() {
    let mut fleet = crate::fleet::Fleet::start(2, &crate::fleet::cap(1_000_000_000_000)).await;
    let asking = (0..240).map(|number| {
        let fleet = &fleet;
        async move {
            let began = std::time::Instant::now();
            fleet
                .ask(number % 2, &format!("question {number}"))
                .await
                .expect(200);
            began.elapsed()
        }
    });
    let answering = futures::StreamExt::collect::<Vec<_>>(futures::StreamExt::buffer_unordered(
        futures::stream::iter(asking),
        8,
    ));
    let migrating = async {
        for step in 0..4 {
            weir_store_postgres::migrate(&fleet.database.url()).await.unwrap();
            let newer = format!(
                "SET lock_timeout = '2s'; BEGIN; ALTER TABLE weir.requests ADD COLUMN of_the_future_{step} text NOT NULL DEFAULT '';
                 CREATE INDEX ON weir.requests (of_the_future_{step});
                 INSERT INTO weir.schema_steps (version, name, checksum) VALUES ({}, 'of the future', 'x'); COMMIT",
                9_000 + step
            );
            while let Err(problem) = fleet.database.try_sql(&newer) {
                assert!(
                    problem.contains("lock timeout") || problem.contains("deadlock"),
                    "{problem}"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let (mut took, ()) = futures::join!(answering, migrating);
    took.sort();
    println!("the slowest of {} calls took {:?}", took.len(), took.last());
    fleet.stop().await;
    assert_eq!(
        fleet.figure("SELECT count(*) FROM weir.requests WHERE status = 'ok'"),
        240
    );
}
