//! MIG-1 on tables in use: a step's indexes of large tables are built while writers go on, and may be interrupted.

use crate::{upgrades::old_postgres, upgrades_data::START_MS};
use std::sync::Arc;
use support::postgres::TestDatabase;

/// The last schema before the indexes of ledger and requests.
const BEFORE: i64 = 8;
const BUILDING: &str = "query LIKE 'CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_corrections%'";
const OF_LEDGER: &str =
    "kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms";

/// Large enough that the step does not build the indexes itself.
fn much(database: &TestDatabase) {
    database.sql(&format!(
        "INSERT INTO weir.ledger ({OF_LEDGER})
         SELECT 'charge', 'day', {START_MS}, 'lease-2', 'many-' || i || '-1', 1, true, {START_MS} FROM generate_series(1, 120000) AS i;
         INSERT INTO weir.requests SELECT many.*
         FROM (SELECT * FROM weir.requests ORDER BY started_ms LIMIT 1) AS one, generate_series(1, 40000) AS i,
             LATERAL jsonb_populate_record(NULL::weir.requests, to_jsonb(one) || jsonb_build_object('id', 'many-' || i, 'seq', 1000000 + i)) AS many"
    ));
    let bytes = "SELECT least(pg_relation_size('weir.ledger'), pg_relation_size('weir.requests_20260101'))";
    let bytes: i64 = database.sql(bytes).trim().parse().unwrap();
    assert!(bytes > 8 * 1024 * 1024, "{bytes}");
}

async fn eventually_there(database: &TestDatabase, what: &str, sessions: &str) {
    let sessions = format!(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND {sessions}"
    );
    support::eventually(what, || async {
        (database.sql(&sessions).trim() == "t").then_some(())
    })
    .await;
}

fn end(database: &TestDatabase, how: &str, sessions: &str) {
    database.sql(&format!(
        "SELECT {how}(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND {sessions}"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_go_on_while_an_old_schema_gets_its_indexes() {
    let steps = weir_store_postgres::pending_sql(&TestDatabase::empty().url())
        .await
        .unwrap();
    let database = Arc::new(old_postgres(&steps, BEFORE));
    much(&database);
    let charge = |name: &str| {
        format!(
            "INSERT INTO weir.ledger ({OF_LEDGER}) VALUES ('charge', 'day', {START_MS}, 'lease-2', '{name}', 1, true, {START_MS})"
        )
    };
    let pending = weir_store_postgres::pending_sql(&database.url()).await.unwrap();
    assert!(
        pending.contains("CREATE INDEX CONCURRENTLY IF NOT EXISTS requests_20260101_requests_unsettled ON weir.requests_20260101 (started_ms)"),
        "{}",
        &pending[..2_000]
    );

    // Somebody writes and does not come to an end: no lock that keeps writers out can be had meanwhile.
    let long = format!("BEGIN; {}; SELECT pg_sleep(600)", charge("long-1"));
    let writing = tokio::task::spawn_blocking({
        let database = database.clone();
        move || database.try_sql(&long)
    });
    eventually_there(&database, "the writer", "wait_event = 'PgSleep'").await;

    let migrating = || {
        let url = database.url();
        tokio::spawn(async move { weir_store_postgres::migrate(&url).await })
    };
    // A lock that is waited for lets nobody pass it.
    let write_beside = |name: &str| {
        for number in 0..20 {
            let charge = charge(&format!("beside-{name}-{number}"));
            database.sql(&format!("SET lock_timeout = '500ms'; {charge}"));
        }
    };

    let killed = migrating();
    eventually_there(&database, "the index being built", BUILDING).await;
    write_beside("killed");
    end(&database, "pg_terminate_backend", BUILDING);
    assert!(killed.await.unwrap().is_err(), "its session was ended");
    let half = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'weir.ledger_corrections'::regclass";
    assert_eq!(database.sql(half).trim(), "f", "half of it stays");

    // The next one drops the half for good once the writer has ended, too.
    let going_on = migrating();
    write_beside("going-on");
    end(&database, "pg_cancel_backend", "wait_event = 'PgSleep'");
    assert!(writing.await.unwrap().is_err());
    assert!(!going_on.await.unwrap().unwrap().is_empty());
    let unfit = "SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                 WHERE relnamespace = 'weir'::regnamespace AND NOT indisvalid";
    assert_eq!(database.sql(unfit).trim(), "0");
    let taken_over = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'weir.requests_unsettled'::regclass
                      AND inhrelid = 'weir.requests_20260101_requests_unsettled'::regclass";
    assert_eq!(database.sql(taken_over).trim(), "1", "the step found it made");
    let beside = "SELECT count(*) FROM weir.ledger WHERE reservation_id LIKE 'beside-%'";
    assert_eq!(database.sql(beside).trim(), "40");
}
