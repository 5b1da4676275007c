//! Requests, traces and bodies lie in partitions by UTC day, and go by dropping them: no row is deleted, no space left dead.

use crate::gateways::one_call_at;
use support::postgres::TestDatabase;
use weir_engine::store::RequestStore;

const DAY_MS: i64 = 86_400_000;
const FIRST_MS: i64 = 1_767_225_600_000;

/// The days that a table has partitions for, oldest first.
fn days(database: &TestDatabase, table: &str) -> Vec<String> {
    let found = database.sql(&format!(
        "SELECT right(child.relname, 8) FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
         WHERE inhparent = 'weir.{table}'::regclass ORDER BY 1"
    ));
    found.lines().map(str::to_owned).collect()
}

fn rows(database: &TestDatabase, table: &str) -> String {
    database.sql(&format!("SELECT count(*) FROM weir.{table}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn old_days_are_dropped_whole_and_bodies_sooner() {
    let database = TestDatabase::migrated();
    let store = weir_store_postgres::open(&database.url()).await.unwrap();
    for day in 0..5 {
        for hour in [1, 13] {
            one_call_at(
                &store,
                &format!("g-{day}-{hour}"),
                FIRST_MS + day * DAY_MS + hour * 3_600_000,
            )
            .await;
        }
    }
    weir_engine::store::RollupStore::fold_rollups(&store)
        .await
        .unwrap();
    assert_eq!(
        days(&database, "requests")[..5],
        ["20260101", "20260102", "20260103", "20260104", "20260105"]
    );
    assert_eq!(rows(&database, "request_bodies"), "10");
    // Bodies from the fourth day on, all else from the third on.
    let (bodies_ms, rows_ms) = (FIRST_MS + 3 * DAY_MS, FIRST_MS + 2 * DAY_MS);
    assert!(store.expire_requests(bodies_ms, rows_ms).await.unwrap() > 0);
    assert_eq!(days(&database, "request_bodies")[0], "20260104");
    for table in ["requests", "request_traces"] {
        assert_eq!(days(&database, table)[0], "20260103", "{table}");
        assert_eq!(rows(&database, table), "6", "{table}");
    }
    assert_eq!(rows(&database, "request_bodies"), "4");
    let deleted = "SELECT coalesce(sum(pg_stat_get_tuples_deleted(oid)), 0) FROM pg_class WHERE relname LIKE 'request%_2026%'";
    assert_eq!(database.sql(deleted), "0", "whole days need no deletion");
    // Within a day the hours go by themselves, so that retention is exact.
    store
        .expire_requests(bodies_ms, rows_ms + 12 * 3_600_000)
        .await
        .unwrap();
    assert_eq!(rows(&database, "requests"), "5");
    assert_eq!(days(&database, "requests")[0], "20260103");
    // A day that was dropped is made anew for a record that comes late.
    one_call_at(&store, "late", FIRST_MS + DAY_MS).await;
    assert_eq!(days(&database, "requests")[0], "20260102");
    store.close().await.unwrap();
}

/// What the rollups have not counted yet is not dropped with its day.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_not_counted_yet_stays() {
    let database = TestDatabase::migrated();
    let store = weir_store_postgres::open(&database.url()).await.unwrap();
    one_call_at(&store, "g", FIRST_MS).await;
    weir_engine::store::RollupStore::fold_rollups(&store)
        .await
        .unwrap();
    database.sql("INSERT INTO weir.rollup_queue (started_ms, seq, latency_bucket) SELECT started_ms, seq, 1 FROM weir.requests");
    store.expire_requests(i64::MAX / 2, i64::MAX / 2).await.unwrap();
    let counted_since = rows(&database, "rollup_queue") == "0";
    assert!(counted_since || rows(&database, "requests") == "1");
    weir_engine::store::RollupStore::fold_rollups(&store)
        .await
        .unwrap();
    store.expire_requests(i64::MAX / 2, i64::MAX / 2).await.unwrap();
    assert_eq!(rows(&database, "requests"), "0");
    store.close().await.unwrap();
}
