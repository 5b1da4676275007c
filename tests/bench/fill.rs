//! Fills a database with requests such as a company's, thirty days of them, and all that is counted of them.
//!
//! Rows are made within the database, a hundred thousand at a time; the rollups are made by the product's own fold, so they
//! agree with the rows, which is checked at the end.

use sqlx::{AssertSqlSafe, ConnectOptions};
use std::{path::Path, time::Instant};
use weir_engine::{metrics::bucket::bucket_of, store::Store};

/// 2026-09-21 14:00:00 UTC: the moment after the last request.
pub(crate) const NOW_MS: i64 = 1_789_999_200_000;
const DAY_MS: i64 = 86_400_000;
/// Requests are spread over so many days.
pub(crate) const DAYS: i64 = 30;
const AT_ONCE: i64 = 100_000;
pub(crate) const USERS: i64 = 5_000;
const ENTRIES: i64 = 50_000;
/// Latencies that occur, by rank.
const DURATIONS: i64 = 64;
const FOLD: &str = include_str!("../../src-tauri/crates/store-postgres/src/rollups/fold.sql");

/// Where to, as a database URL says it.
pub(crate) enum Place<'a> {
    Sqlite(&'a Path),
    Postgres(&'a str),
}

/// What was put there.
pub(crate) struct Filled {
    pub(crate) requests: i64,
    pub(crate) took_s: f64,
    pub(crate) bytes: i64,
}

impl Place<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Place::Sqlite(_) => "SQLite",
            Place::Postgres(_) => "Postgres",
        }
    }

    fn is_postgres(&self) -> bool {
        matches!(self, Place::Postgres(_))
    }
}

/// The store at a place. A Postgres must have its schema.
pub(crate) async fn open(place: &Place<'_>) -> std::sync::Arc<dyn Store> {
    match place {
        Place::Sqlite(path) => std::sync::Arc::new(weir_store_sqlite::open(path).await.expect("a store")),
        Place::Postgres(url) => std::sync::Arc::new(weir_store_postgres::open(url).await.expect("a store")),
    }
}

/// Puts so many requests into an empty database.
pub(crate) async fn fill(place: &Place<'_>, requests: i64) -> Filled {
    let began = Instant::now();
    // Makes a file's schema, and the caps and keys that pages show.
    let store = open(place).await;
    seed(store.as_ref()).await;
    drop(store);
    let mut hands = Hands::of(place).await;
    if place.is_postgres() {
        for day in -1..=DAYS {
            hands
                .run(&format!("SELECT weir.add_request_day({})", NOW_MS - day * DAY_MS))
                .await;
        }
        hands
            .run("SET synchronous_commit = off; SET search_path = weir")
            .await;
    } else {
        hands.run("PRAGMA synchronous = OFF").await;
    }
    for from in (0..requests).step_by(AT_ONCE as usize) {
        let to = (from + AT_ONCE).min(requests);
        for statement in some_requests(place.is_postgres(), from, to, requests) {
            hands.run(&statement).await;
        }
        eprintln!(
            "{to} of {requests} requests after {:.0} s",
            began.elapsed().as_secs_f64()
        );
    }
    for statement in beside(place.is_postgres()) {
        hands.run(&statement).await;
    }
    if place.is_postgres() {
        let fold = FOLD.replace("$1", "200000");
        while hands
            .figure("SELECT count(*) FROM (SELECT 1 FROM rollup_queue LIMIT 1) AS one")
            .await
            > 0
        {
            hands.run(&fold).await;
        }
    } else {
        open(place).await.fold_rollups().await.expect("rollups");
    }
    let table = |name: &str| {
        if place.is_postgres() {
            format!("weir.{name}")
        } else {
            name.to_owned()
        }
    };
    for what in ["cost_nanousd", "saved_nanousd", "input_tokens"] {
        let (rows, rollups) = (table("requests"), table("rollup_counters"));
        for (grain, dimension) in [
            ("hour", "all"),
            ("minute", "all"),
            ("hour", "user"),
            ("minute", "key"),
        ] {
            let recorded = hands
                .figure(&format!("SELECT CAST(sum({what}) AS bigint) FROM {rows}"))
                .await;
            let counted = hands
                .figure(&format!(
                    "SELECT CAST(sum({what}) AS bigint) FROM {rollups} WHERE grain = '{grain}' AND dimension = '{dimension}'"
                ))
                .await;
            assert_eq!(recorded, counted, "{what} by {grain} and {dimension}");
        }
    }
    // As housekeeping does: rows by the minute are kept for some days only.
    let store = open(place).await;
    while store.expire_rollups(NOW_MS).await.expect("expired rollups") > 0 {}
    drop(store);
    if place.is_postgres() {
        hands.run("VACUUM (ANALYZE, FREEZE)").await;
    } else {
        hands.run("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
    let bytes = if place.is_postgres() {
        hands.figure("SELECT pg_database_size(current_database())").await
    } else {
        hands
            .figure("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            .await
    };
    Filled {
        requests,
        took_s: began.elapsed().as_secs_f64(),
        bytes,
    }
}

/// The configuration of an operator, as a gateway would write it into a new database.
async fn seed(store: &dyn Store) {
    let caps = [
        r#"{"name":"global-daily","scope":{"kind":"global"},"period":"day","time_zone":"UTC","limit_nanousd":900000000000,"steps":[{"percent":80,"action":"notify"},{"percent":100,"action":"refuse"}],"enabled":true}"#,
        r#"{"name":"per-user","scope":{"kind":"user","each":true},"period":"day","time_zone":"UTC","limit_nanousd":900000000000,"steps":[{"percent":100,"action":"refuse"}],"enabled":true}"#,
        r#"{"name":"monthly","scope":{"kind":"global"},"period":"month","time_zone":"UTC","limit_nanousd":90000000000000,"steps":[{"percent":100,"action":"refuse"}],"enabled":true}"#,
    ];
    for (number, body) in caps.into_iter().enumerate() {
        let name = ["global-daily", "per-user", "monthly"][number];
        let act = weir_engine::change::Act::default();
        store
            .save_config("cap", name, body, 0, &act)
            .await
            .expect("a cap");
    }
}

/// One of two kinds of connection.
pub(crate) enum Hands {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Hands {
    pub(crate) async fn of(place: &Place<'_>) -> Hands {
        match place {
            Place::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(path)
                    .busy_timeout(std::time::Duration::from_secs(60))
                    .disable_statement_logging();
                Hands::Sqlite(options.connect().await.expect("a connection"))
            }
            Place::Postgres(url) => {
                let options =
                    weir_store_postgres::connect_options(url, weir_store_postgres::Purpose::Migrations);
                Hands::Postgres(options.expect("a URL").connect().await.expect("a connection"))
            }
        }
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = match self {
            Hands::Sqlite(connection) => statement.execute(connection).await.map(drop),
            Hands::Postgres(connection) => statement.execute(connection).await.map(drop),
        };
        done.unwrap_or_else(|problem| panic!("{problem}: {sql}"));
    }

    async fn figure(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Hands::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Hands::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .expect("a figure")
    }
}

/// The statements for some requests. `i` counts them; everything else follows from it, so that both databases get the same.
fn some_requests(is_postgres: bool, from: i64, to: i64, all: i64) -> Vec<String> {
    let schema = if is_postgres { "weir." } else { "" };
    let (no, list) = if is_postgres {
        ("false", "ARRAY['web', 'v2']")
    } else {
        ("0", "'[\"web\",\"v2\"]'")
    };
    let hex = |value: &str, digits: u32| {
        if is_postgres {
            format!("lpad(to_hex({value}), {digits}, '0')")
        } else {
            format!("printf('%0{digits}x', {value})")
        }
    };
    let variants = if is_postgres {
        "CASE WHEN h % 2 = 0 THEN ARRAY['new-ladder=new'] ELSE ARRAY['new-ladder=old'] END"
    } else {
        "CASE WHEN h % 2 = 0 THEN '[\"new-ladder=new\"]' ELSE '[\"new-ladder=old\"]' END"
    };
    let numbers =
        format!("WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})");
    // h scatters; days have a morning and an evening, so times go by a square within each day.
    let scattered = format!(
        "{numbers}, one AS (
             SELECT i, (i * 2654435761) % 4294967291 AS h,
                    {start} + i * {span} / {all} AS at_ms FROM n),
         made AS (
             SELECT i, h, at_ms, h % 97 AS a, h % 89 AS b,
                    CASE WHEN h % 100 < 38 THEN 'response' WHEN h % 100 < 41 THEN 'semantic' WHEN h % 100 < 43 THEN 'bypass' ELSE 'miss' END AS cache,
                    CASE WHEN h % 1000 < 8 THEN 'failed' WHEN h % 1000 < 20 THEN 'refused' WHEN h % 1000 < 22 THEN 'cut' ELSE 'ok' END AS status,
                    (h / 64) % {DURATIONS} AS d FROM one)",
        start = NOW_MS - DAYS * DAY_MS,
        span = DAYS * DAY_MS - 1_000,
    );
    // Most traffic comes from a tenth of the users.
    let user = format!(
        "CASE WHEN h % 10 < 7 THEN (h / 10) % {} ELSE (h / 10) % {USERS} END",
        USERS / 10
    );
    let is_hit = "cache IN ('response', 'semantic')";
    let insert = format!(
        "{head} INSERT INTO {schema}requests (id, started_ms, duration_us, first_byte_us, upstream_us, endpoint, streamed, key_id,
             team, user_name, session, event, tags, client_ip, intent, requested_model, tier, provider, model, simulated, cache,
             variants, status, http_status, error, attempts, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
             reasoning_tokens, cost_nanousd, saved_nanousd, cost_basis, price_id, price_unknown)
         SELECT substr({ms}, 1, 8) || '-' || substr({ms}, 9, 4) || '-7000-8000-' || {number}, at_ms,
             {duration}, {duration} / 3, {duration} * 9 / 10, 'chat_completions', {no}, 'key-' || (h % 20), 'team-' || (h % 12),
             'user-' || ({user}) || '@example.com', '', 'event-' || (h % 6), {list}, '10.0.0.' || (h % 250), 'intent-' || (h % 15),
             'auto', 'T' || (h % 4), 'openai', 'model-' || (h % 9), {no}, cache, {variants}, status,
             CASE status WHEN 'ok' THEN 200 WHEN 'refused' THEN 429 ELSE 502 END,
             CASE status WHEN 'ok' THEN '' WHEN 'refused' THEN 'cap_reached' ELSE 'provider_failed' END, 1,
             200 + h % 3000, h % 500, 0, 50 + h % 700, h % 200,
             CASE WHEN {is_hit} OR status <> 'ok' THEN 0 ELSE 20000 + h % 900000 END,
             CASE WHEN {is_hit} THEN 20000 + h % 900000 ELSE 0 END,
             CASE WHEN {is_hit} OR status <> 'ok' THEN 'free' WHEN h % 5000 = 7 THEN 'unsettled' ELSE 'settled' END, '', {no}
         FROM made",
        head = if is_postgres { scattered.clone() } else { String::new() },
        ms = hex("at_ms", 12),
        number = hex("i", 12),
        duration = duration("d"),
    );
    // SQLite takes its WITH behind INSERT as well, but only in front of the SELECT or of all; in front of all is one for both.
    let insert = if is_postgres {
        insert
    } else {
        format!("{scattered}{insert}")
    };
    let span = format!(
        "started_ms >= {start} + {from} * {length} / {all} AND started_ms < {start} + {to} * {length} / {all}",
        start = NOW_MS - DAYS * DAY_MS,
        length = DAYS * DAY_MS - 1_000,
    );
    let steps = r#"[{"at_us":12,"stage":"intent","decision":"the intent is intent-3, by phrase","facts":[["matched","categorize this"]]},{"at_us":40,"stage":"cache","decision":"not found","facts":[["key","0123456789abcdef"]]},{"at_us":90,"stage":"route","decision":"openai/model-3, the cheapest that will do","facts":[]}]"#;
    let key = if is_postgres { "started_ms, seq" } else { "seq" };
    let mut statements = vec![
        insert,
        format!("INSERT INTO {schema}request_traces ({key}, steps) SELECT {key}, '{steps}' FROM {schema}requests WHERE {span}"),
        format!(
            "INSERT INTO {schema}ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, at_ms)
             SELECT 'charge', 'global-daily', started_ms - started_ms % {DAY_MS}, 'lease-' || (started_ms / {DAY_MS}), id || '-1',
                    cost_nanousd, started_ms FROM {schema}requests WHERE {span} AND cost_nanousd > 0"
        ),
    ];
    if is_postgres {
        let buckets: Vec<String> = (0..DURATIONS)
            .map(|rank| format!("({}, {})", duration_us(rank), bucket_of(duration_us(rank))))
            .collect();
        statements.push(format!(
            "INSERT INTO weir.rollup_queue (started_ms, seq, latency_bucket)
             SELECT started_ms, seq, bucket FROM weir.requests
             JOIN (VALUES {}) AS known (duration, bucket) ON duration = duration_us WHERE {span}",
            buckets.join(",")
        ));
    }
    statements
}

/// A latency by its rank, from two milliseconds to half a minute.
fn duration_us(rank: i64) -> i64 {
    2_000 + rank * rank * rank * 120
}

fn duration(rank: &str) -> String {
    format!("(2000 + {rank} * {rank} * {rank} * 120)")
}

/// What there is beside the requests: leases by day and user, cached answers.
fn beside(is_postgres: bool) -> Vec<String> {
    let schema = if is_postgres { "weir." } else { "" };
    let numbers = |most: i64| {
        format!("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {most})")
    };
    let body = if is_postgres {
        "convert_to(repeat('an answer ', 40), 'UTF8')"
    } else {
        "zeroblob(400)"
    };
    let mut statements = vec![
        format!(
            "INSERT INTO {schema}leases (cap, period_start_ms, lease_id, gateway_id, granted_nanousd, spent_nanousd)
             SELECT cap, period_start_ms, lease_id, 'gateway-1', sum(amount_nanousd), sum(amount_nanousd)
             FROM {schema}ledger WHERE kind = 'charge' GROUP BY cap, period_start_ms, lease_id"
        ),
        format!(
            "INSERT INTO {schema}leases (cap, period_start_ms, lease_id, gateway_id, granted_nanousd, spent_nanousd)
             SELECT 'per-user=user:' || user_name, started_ms - started_ms % {DAY_MS}, 'lease', 'gateway-1', sum(cost_nanousd),
                    sum(cost_nanousd)
             FROM {schema}requests WHERE cost_nanousd > 0 GROUP BY 1, 2"
        ),
        format!(
            "{} INSERT INTO {schema}cache_entries (key, label, intent, provider, model, tier, team, created_ms, expires_ms, hits, bytes,
                 cost_nanousd, app_version, body)
             SELECT 'key-' || i, 'label ' || i, 'intent-' || (i % 15), 'openai', 'model-' || (i % 9), 'T' || (i % 4),
                    'team-' || (i % 12), {NOW_MS} - i * 9000, {NOW_MS} + 86400000, i % 40, 400, 20000 + i, '', {body} FROM n",
            numbers(ENTRIES)
        ),
    ];
    if !is_postgres {
        statements.push(
            "INSERT INTO cap_balances (cap, period_start_ms, spent_nanousd, committed_nanousd)
             SELECT cap, period_start_ms, sum(spent_nanousd), sum(granted_nanousd) FROM leases GROUP BY 1, 2"
                .to_owned(),
        );
    }
    statements
}
