//! Fills both databases and prints how long each panel of each page takes on them.

use crate::{
    fill::{Filled, NOW_MS, Place, fill, open},
    panels::{Timed, admin_of, measure, panels},
};
use std::{path::Path, process::ExitCode, sync::Arc, time::Instant};
use support::{postgres::target_folder, postgres_server::PostgresServer};
use weir_contract::model::request::RequestFilter;
use weir_engine::store::Store;

const REQUESTS: i64 = 1_000_000;
const TIMES: usize = 7;
/// What a panel may take.
const ALLOWED_MS: f64 = 100.0;

/// Fills the database that the arguments name: its URL, and how many requests.
pub(crate) async fn fill_one(arguments: &[String]) -> ExitCode {
    let [url, requests] = arguments else {
        eprintln!("bench: --fill needs a database URL and a number of requests");
        return ExitCode::FAILURE;
    };
    let Ok(requests) = requests.parse::<i64>() else {
        eprintln!("bench: \"{requests}\" is no number of requests");
        return ExitCode::FAILURE;
    };
    print_filled(url, &fill(&place_of(url), requests).await);
    ExitCode::SUCCESS
}

fn place_of(url: &str) -> Place<'_> {
    match url.strip_prefix("sqlite://") {
        Some(path) => Place::Sqlite(Path::new(path)),
        None => Place::Postgres(url),
    }
}

/// Fills one of each kind, measures, and removes them.
pub(crate) async fn run(requests: Option<&str>) -> ExitCode {
    let Some(requests) = requests.map_or(Some(REQUESTS), |text| text.parse().ok()) else {
        eprintln!("bench: --panels takes a number of requests");
        return ExitCode::FAILURE;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weir.db");
    let sqlite = measured("SQLite", &Place::Sqlite(&path), requests).await;
    drop(folder);
    let server = PostgresServer::start(&target_folder(), &["shared_buffers=512MB", "max_wal_size=2GB"])
        .unwrap_or_else(|problem| panic!("{problem}"));
    server
        .sql("postgres", "CREATE DATABASE filled")
        .expect("a database");
    let url = server.url("filled");
    weir_store_postgres::migrate(&url).await.expect("a schema");
    let postgres = measured("Postgres", &Place::Postgres(&url), requests).await;
    print_panels(&[("SQLite", sqlite), ("Postgres", postgres)]);
    ExitCode::SUCCESS
}

/// Asks databases that are filled already, and leaves them as they are but for their schema, which is brought up to date.
pub(crate) async fn ask(urls: &[String]) -> ExitCode {
    let mut all = Vec::new();
    for url in urls {
        let place = place_of(url);
        let began = Instant::now();
        if let Place::Postgres(url) = place {
            weir_store_postgres::migrate(url).await.expect("a schema");
        }
        let store = open(&place).await;
        println!("{url}: open after {:.1} s", began.elapsed().as_secs_f64());
        all.push((place.name(), asked(store).await));
    }
    print_panels(&all);
    ExitCode::SUCCESS
}

async fn measured(name: &str, place: &Place<'_>, requests: i64) -> Vec<Timed> {
    print_filled(name, &fill(place, requests).await);
    asked(open(place).await).await
}

async fn asked(store: Arc<dyn Store>) -> Vec<Timed> {
    let newest = store
        .list_requests(&RequestFilter::default(), None, 1)
        .await
        .expect("requests");
    let admin = admin_of(store, NOW_MS);
    measure(&admin, &panels(NOW_MS, &newest[0].id), TIMES).await
}

/// One column for each database, side by side.
fn print_panels(databases: &[(&str, Vec<Timed>)]) {
    let heads = databases
        .iter()
        .map(|(name, _)| format!(" {name} first ms | {name} ms |"));
    println!("\n| page | panel |{}", heads.collect::<String>());
    println!("|---|---|{}", "---|---|".repeat(databases.len()));
    let rows = databases.iter().map(|(_, timed)| timed.len()).max().unwrap_or(0);
    for row in 0..rows {
        let cells: Vec<&Timed> = databases.iter().filter_map(|(_, timed)| timed.get(row)).collect();
        let figures = cells
            .iter()
            .map(|one| format!(" {:.1} | {:.1} |", one.first_ms, one.median_ms));
        println!(
            "| {} | {} |{}",
            cells[0].page,
            cells[0].what,
            figures.collect::<String>()
        );
    }
    let all = || databases.iter().flat_map(|(_, timed)| timed);
    let slow = all().filter(|one| one.median_ms > ALLOWED_MS).count();
    println!("\n{slow} above {ALLOWED_MS} ms");
    for (name, timed) in databases {
        let worst = timed.iter().map(|one| one.slowest_ms).fold(0.0, f64::max);
        println!("the slowest single answer on {name} took {worst:.0} ms");
    }
}

fn print_filled(name: &str, filled: &Filled) {
    println!(
        "{name}: {} requests in {:.0} s, {:.2} GiB",
        filled.requests,
        filled.took_s,
        filled.bytes as f64 / 1_073_741_824.0
    );
}
