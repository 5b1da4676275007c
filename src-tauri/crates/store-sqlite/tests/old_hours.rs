//! The hours that an older file is given are those that step 11, as it was landed, would have given it.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use sqlx::{ConnectOptions, Connection, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};
use std::{fs, path::Path};
use weir_store_sqlite::open;

static STEPS: Migrator = sqlx::migrate!("../../../migrations/sqlite");

/// Requests of an evening, not in the order of their times: some 660 users in each hour and a request of nobody in every tenth
/// row, all words that the columns know. The rollups have counted the first 5,800 of them.
const REQUESTS: &str = "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
    INSERT INTO requests (id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id, team, user_name,
        session, event, tags, client_ip, intent, requested_model, tier, provider, model, simulated, cache, variants, status,
        http_status, error, attempts, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
        cost_nanousd, saved_nanousd, cost_basis, price_id, price_unknown)
    SELECT 'request-' || i, 1767225600000 + i * 7919 % 6000 * 2700, i, i, i, 'chat_completions', 0, 'key-1', 'Büro ' || (i % 4),
        CASE WHEN i % 10 = 0 THEN '' ELSE 'user-' || (i % 1111) END, '', CASE WHEN i % 3 = 0 THEN '' ELSE 'event-' || (i % 5) END,
        '[]', '', 'task', 'auto', 'T0', 'fake', 'nano', i % 7 = 0,
        CASE i % 4 WHEN 0 THEN 'response' WHEN 1 THEN 'semantic' WHEN 2 THEN 'miss' ELSE 'bypass' END, '[]',
        CASE i % 6 WHEN 0 THEN 'failed' WHEN 1 THEN 'cut' WHEN 2 THEN 'refused' WHEN 3 THEN 'client_gone' ELSE 'ok' END,
        200, '', 1, i % 11, i % 13, i % 17, i % 19, i % 23, i * 1000, i * 10,
        CASE i % 5 WHEN 0 THEN 'unsettled' WHEN 1 THEN 'free' ELSE 'settled' END, '', i % 9 = 0
    FROM n;
    UPDATE rollup_cursor SET last_seq = 5800;
    INSERT INTO rollup_counters SELECT 'hour', 'all', 0, '', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16;";

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.connect().await.unwrap()
}

/// Everything that is counted, and up to which request.
async fn counted(path: &Path) -> Vec<String> {
    let mut connection = connect(path).await;
    sqlx::query_scalar(
        "SELECT concat_ws('|', grain, dimension, at_ms, value, requests, hits, misses, bypassed, errors, refused, cost_nanousd,
             saved_nanousd, unsettled_nanousd, price_unknown, simulated, input_tokens, cache_read_tokens, cache_write_tokens,
             output_tokens, reasoning_tokens, (SELECT last_seq FROM rollup_cursor))
         FROM rollup_counters ORDER BY grain, dimension, at_ms, value",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn old_requests_are_counted_by_hour_as_step_11_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let (landed, opened) = (folder.path().join("landed.db"), folder.path().join("weir.db"));
    let mut connection = connect(&landed).await;
    STEPS.run_to(10, &mut connection).await.unwrap();
    sqlx::raw_sql(REQUESTS).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    fs::copy(&landed, &opened).unwrap();

    let mut connection = connect(&landed).await;
    STEPS.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    // Both count what was not counted yet before they close.
    for path in [&landed, &opened] {
        open(path).await.unwrap().close().await.unwrap();
    }

    let rows = counted(&landed).await;
    // Five hours: some 660 users in each, four teams, six events; and the row that was there.
    assert!(rows.len() > 3_000, "{} rows", rows.len());
    assert!(
        rows.iter()
            .any(|row| row.starts_with("hour|user") && row.contains("||"))
    );
    assert_eq!(counted(&opened).await, rows);
}
