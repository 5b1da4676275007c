//! MIG-2, -3 and -4: interrupted, beside foreign tables, and between versions.

use std::{process::Stdio, time::Duration};
use support::{
    postgres::TestDatabase,
    process::{command, run, run_to_failure},
};

/// Everything outside Weir's schema: what there is, and what it holds.
const FOREIGN: &str = "
    SELECT string_agg(kind || ' ' || name || ' ' || detail, E'\\n' ORDER BY kind, name, detail) FROM (
        SELECT 'relation' AS kind, relnamespace::regnamespace || '.' || relname AS name, relkind::text || ' ' || coalesce(relacl::text, '') AS detail
        FROM pg_class WHERE relnamespace::regnamespace::text NOT IN ('weir', 'pg_catalog', 'pg_toast', 'information_schema')
        UNION ALL
        SELECT 'column', relnamespace::regnamespace || '.' || relname, attnum || ' ' || attname || ' ' || atttypid::regtype || ' ' || attnotnull
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace::regnamespace::text NOT IN ('weir', 'pg_catalog', 'pg_toast', 'information_schema')
        UNION ALL
        SELECT 'function', pronamespace::regnamespace || '.' || proname, md5(prosrc)
        FROM pg_proc WHERE pronamespace::regnamespace::text NOT IN ('weir', 'pg_catalog', 'information_schema')
        UNION ALL
        SELECT 'schema', nspname, coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname NOT IN ('weir', 'pg_toast') AND nspname NOT LIKE 'pg_temp%'
        UNION ALL
        SELECT 'rows', 'public.requests', md5(string_agg(requests::text, ',' ORDER BY id)) FROM public.requests
        UNION ALL
        SELECT 'rows', 'public.ledger', md5(string_agg(ledger::text, ',')) FROM public.ledger
        UNION ALL
        SELECT 'rows', 'shop.leases', md5(string_agg(leases::text, ',')) FROM shop.leases
    ) AS everything";

/// A database that other programs use, with names that Weir uses, too.
fn with_foreign_tables() -> TestDatabase {
    let database = TestDatabase::empty();
    database.sql(
        "CREATE TABLE public.requests (id int PRIMARY KEY, what text);
         INSERT INTO public.requests SELECT n, 'request ' || n FROM generate_series(1, 1000) AS n;
         CREATE TABLE public.ledger (amount numeric); INSERT INTO public.ledger VALUES (12.5);
         CREATE TABLE public._sqlx_migrations (version bigint); INSERT INTO public._sqlx_migrations VALUES (7);
         CREATE SCHEMA shop; CREATE TABLE shop.leases (house text, until date); INSERT INTO shop.leases VALUES ('x', '2030-01-01');
         CREATE FUNCTION public.grant_lease() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    );
    database
}

fn url(database: &TestDatabase) -> String {
    database.url()
}

async fn migrated_steps(database: &TestDatabase) -> Vec<String> {
    weir_store_postgres::migrate(&url(database)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_tables_are_left_as_they_are() {
    let database = with_foreign_tables();
    let before = database.sql(FOREIGN);
    assert!(!migrated_steps(&database).await.is_empty());
    assert_eq!(database.sql(FOREIGN), before);
    // Again, and in use.
    assert_eq!(migrated_steps(&database).await, Vec::<String>::new());
    let store = weir_store_postgres::open(&url(&database)).await.unwrap();
    use weir_engine::store::{LedgerStore, RequestStore};
    store.beat("g", 1).await.unwrap();
    store.expire_requests(i64::MAX, i64::MAX).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(database.sql(FOREIGN), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_make_each_step_once() {
    let database = TestDatabase::empty();
    let all = (0..4).map(|_| {
        let url = url(&database);
        async move { weir_store_postgres::migrate(&url).await }
    });
    let done = futures::future::join_all(all.map(tokio::spawn)).await;
    let steps: usize = done.into_iter().map(|steps| steps.unwrap().unwrap().len()).sum();
    let known = database.sql("SELECT count(*) FROM weir.schema_steps");
    assert_eq!(known, steps.to_string());
}

/// A migration is killed again and again, each time a little later, and the next one goes on.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let database = with_foreign_tables();
    let before = database.sql(FOREIGN);
    let url = url(&database);
    let (mut kills, mut wait_ms) = (0, 0.0);
    loop {
        let mut migrating = command(folder.path(), &["migrate", "--database", &url], &[]);
        let mut child = migrating
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(Duration::from_secs_f64(wait_ms / 1e3), child.wait()).await;
        if let Ok(status) = ended {
            assert!(status.unwrap().success());
            break;
        }
        child.kill().await.unwrap();
        kills += 1;
        // In parts of the time it takes, so that a slow machine does not kill it hundreds of times.
        wait_ms = wait_ms * 1.04 + 2.0;
        assert!(kills < 300, "it never ends");
    }
    assert!(kills > 3, "killed only {kills} times");
    assert_eq!(migrated_steps(&database).await, Vec::<String>::new());
    assert_eq!(database.sql(FOREIGN), before);
    weir_store_postgres::open(&url)
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_used_and_a_foreign_one_refused() {
    let database = TestDatabase::migrated();
    database
        .sql("INSERT INTO weir.schema_steps (version, name, checksum) VALUES (9999, 'of the future', 'x')");
    weir_store_postgres::open(&url(&database))
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    database.sql("UPDATE weir.schema_steps SET checksum = 'changed' WHERE version = 1");
    let problem = weir_store_postgres::open(&url(&database))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(problem.contains("unreleased"), "{problem}");

    let database = TestDatabase::empty();
    database.sql("CREATE SCHEMA weir; CREATE TABLE weir.dams (height numeric)");
    let problem = weir_store_postgres::migrate(&url(&database))
        .await
        .unwrap_err()
        .to_string();
    assert!(problem.contains("not Weir's"), "{problem}");
    assert_eq!(database.sql("SELECT count(*) FROM weir.dams"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_what_is_missing_and_prints_what_it_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty();
    let url = url(&database);
    let problem = run_to_failure(folder.path(), &["serve", "--database", &url], &[]).await;
    assert!(problem.contains("weir-gateway migrate"), "{problem}");
    let problem = run_to_failure(folder.path(), &["check", "--database", &url], &[]).await;
    assert!(problem.contains("weir-gateway migrate"), "{problem}");
    let said = async |arguments: &[&str]| {
        let output = run(folder.path(), arguments, &[]).await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // What is printed does the same, run by hand.
    let sql = said(&["migrate", "--print", "--database", &url]).await;
    let by_hand = TestDatabase::empty();
    // From a file: it is longer than an argument may be.
    let file = folder.path().join("printed.sql");
    std::fs::write(&file, sql).unwrap();
    by_hand.sql(&format!("\\i {}", file.display()));
    assert_eq!(migrated_steps(&by_hand).await, Vec::<String>::new());
    said(&["migrate", "--database", &url]).await;
    let tables = "SELECT string_agg(relname || relkind::text, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'weir'::regnamespace";
    assert_eq!(by_hand.sql(tables), database.sql(tables));
    let checked = said(&["check", "--database", &url]).await;
    assert!(
        checked.contains("PostgreSQL 18") && checked.contains("schema"),
        "{checked}"
    );

    // A server that is not there, and a database that is not.
    for (url, why) in [
        ("postgres://weir@127.0.0.1:9/weir".to_owned(), "cannot be reached"),
        (url.replace("/test_", "/no_test_"), "no such database"),
        ("postgres://weir@db/weir?sslmode=perhaps".to_owned(), "sslmode"),
    ] {
        let problem = run_to_failure(folder.path(), &["serve", "--database", &url], &[]).await;
        assert!(problem.contains(why), "{url}: {problem}");
    }
}
