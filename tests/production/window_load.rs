//! PERF-2: what a window that watches costs a database in which others work.

use crate::{
    fill::{NOW_MS, Place, fill},
    panels::{self, Panel, admin_of},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use support::{postgres::TestDatabase, roles::set_up};
use weir_contract::model::{profile::TlsMode, request::RequestFilter};
use weir_engine::store::{RequestStore, Store};
use weir_store_postgres::{AttachedRole, PostgresStore, Route, open_attached};

const REQUESTS: i64 = 100_000;
const MOST_CONNECTIONS: i64 = 4;
const MOST_QUERIES: usize = 10;
/// Raw rows, by day, and the ledger.
const RAW: &str = "relname ~ '^(requests|request_traces|request_bodies)' OR relname = 'ledger'";

fn route(database: &TestDatabase) -> Route {
    Route {
        host: "localhost".to_owned(),
        port: 5432,
        tunnel: Some(database.server().folder().to_owned()),
        database: database.name().to_owned(),
        user: "weir_viewer".to_owned(),
        password: None,
        tls: TlsMode::Disable,
        ca_file: None,
        client_cert: None,
        window: String::new(),
    }
}

/// What a locked window asks. What people asked is not for it to see.
fn panels(request_id: &str) -> Vec<Panel> {
    let mut all = panels::panels(NOW_MS, request_id);
    all.retain(|panel| !["semantic.pairs", "semantic.never"].contains(&panel.name));
    all
}

/// As the role that reads, by the way that a window connects.
async fn window(route: &Route) -> PostgresStore {
    open_attached(route, AttachedRole::Viewer).await.unwrap()
}

async fn ask(store: &Arc<dyn Store>, panel: &Panel) {
    let admin = admin_of(store.clone(), NOW_MS);
    weir_admin::call(&admin, panel.name, panel.args.clone())
        .await
        .unwrap_or_else(|problem| panic!("{}: {problem}", panel.what));
}

/// The statements that the server has executed in databases where it writes them down, but for the ends of transactions.
fn executed(database: &TestDatabase) -> Vec<String> {
    let log = std::fs::read_to_string(database.server().folder().join("log")).unwrap();
    log.lines()
        .filter_map(|line| {
            let (_, said) = line.split_once("LOG:  ")?;
            let is_query = said.starts_with("execute ") || said.starts_with("statement: ");
            let is_end = ["BEGIN", "COMMIT", "ROLLBACK"]
                .iter()
                .any(|word| said.contains(word));
            (is_query && !is_end).then(|| said.to_owned())
        })
        .collect()
}

/// The statements that these panels take, by a window that is opened for them.
async fn queries(database: &TestDatabase, route: &Route, panels: &[&Panel]) -> Vec<String> {
    let opened = window(route).await;
    let store: Arc<dyn Store> = Arc::new(opened.clone());
    let before = executed(database).len();
    for panel in panels {
        ask(&store, panel).await;
    }
    let made = executed(database).split_off(before);
    opened.close().await.unwrap();
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_reads_little_and_never_scans_raw_rows() {
    let database = set_up().await;
    let route = route(&database);
    let url = database.url();
    let filled = fill(&Place::Postgres(&url), REQUESTS).await;
    println!("{} requests in {:.1} s", filled.requests, filled.took_s);
    let store = window(&route).await;
    let newest = store
        .list_requests(&RequestFilter::default(), None, 1)
        .await
        .unwrap();
    store.close().await.unwrap();
    let all = panels(&newest[0].id);

    // Sequential scans of each table, before and after everything that a window can ask.
    // A day that has no rows yet costs nothing, and the server may look at it in any way.
    let scans = || {
        let sql = format!(
            "SELECT coalesce(sum(seq_scan) FILTER (WHERE n_live_tup > 0), 0) || ' ' || coalesce(sum(seq_tup_read), 0)
             FROM pg_stat_user_tables WHERE schemaname = 'weir' AND ({RAW})"
        );
        database.sql(&sql)
    };
    for panel in &all {
        let before = scans();
        let opened = window(&route).await;
        let store: Arc<dyn Store> = Arc::new(opened.clone());
        ask(&store, panel).await;
        opened.close().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(scans(), before, "{}: {} scans raw rows", panel.page, panel.what);
    }

    // All of a page at one span.
    database.sql(&format!(
        "ALTER DATABASE {} SET log_statement = 'all'",
        database.name()
    ));
    let mut pages: BTreeMap<String, Vec<&Panel>> = BTreeMap::new();
    for panel in &all {
        let is_other_span = ["1 hour", "7 days", "30 days"]
            .iter()
            .any(|span| panel.what.ends_with(span));
        let page = match panel.page {
            "requests" => format!("requests, {}", panel.what),
            page => page.to_owned(),
        };
        if !is_other_span || panel.page == "requests" {
            pages.entry(page).or_default().push(panel);
        }
    }
    let mut over = Vec::new();
    for (page, panels) in &pages {
        let made = queries(&database, &route, panels).await;
        println!("{page}: {} queries", made.len());
        if made.len() > MOST_QUERIES {
            over.push(format!("{page}: {}\n{}", made.len(), made.join("\n")));
        }
    }
    for problem in &over {
        println!("{problem}");
    }
    assert!(
        over.is_empty(),
        "some pages take more than {MOST_QUERIES} queries"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_has_four_connections() {
    let database = set_up().await;
    let route = route(&database);
    let opened = window(&route).await;
    let store: Arc<dyn Store> = Arc::new(opened.clone());
    let all = panels("01890000-0000-7000-8000-000000000000");
    let done = AtomicBool::new(false);
    let asking = async {
        for _ in 0..3 {
            let asked = all
                .iter()
                .filter(|panel| panel.page != "request" && panel.what != "the page after")
                .map(|panel| ask(&store, panel));
            futures::future::join_all(asked).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let watching = async {
        let mut most = 0;
        while !done.load(Ordering::Relaxed) {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
            most = most.max(database.sql(sql).parse::<i64>().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most
    };
    let ((), most) = futures::join!(asking, watching);
    println!("{most} connections at most");
    assert!((1..=MOST_CONNECTIONS).contains(&most), "{most}");
    opened.close().await.unwrap();
}
