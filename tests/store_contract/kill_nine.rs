//! DUR-1: a process that records as fast as it can is killed at random moments; nothing it acknowledged may be lost.

use crate::sample::{Draw, START_MS};
use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    ops::Range,
    process::{Child, Command, Stdio},
    time::Duration,
};
use weir_contract::{NanoUsd, model::time::TimeRange};
use weir_engine::store::{Dimension, Grain, Store};

const KILLS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weir.db");
    let url = format!("sqlite://{}", database.display());
    let acknowledged = live_and_die_often(&url, 5_000..60_000, || {});
    let store = weir_store_sqlite::open(&database).await.unwrap();
    check(&store, &acknowledged).await;
    assert_eq!(store.check_integrity().await.unwrap(), None);
    store.close().await.unwrap();
}

/// The first lives die while they make the schema.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgres() {
    let database = support::postgres::TestDatabase::empty();
    let url = database.url();
    // What a killed process asked for last is still done, and must be before the next one buries it: a gateway counts as dead
    // only fifteen seconds later.
    let settle = || {
        let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while database.sql(others) != "0" {}
    };
    let acknowledged = live_and_die_often(&url, 10_000..200_000, settle);
    let store = weir_store_postgres::open(&url).await.unwrap();
    check(&store, &acknowledged).await;
    store.close().await.unwrap();
}

/// What was acknowledged in many lives of so many microseconds each.
fn live_and_die_often(url: &str, lives_us: Range<i64>, after_each: impl Fn()) -> HashSet<String> {
    let mut draw = Draw::seeded("kill_nine");
    let mut acknowledged = HashSet::new();
    let mut lives_that_wrote = 0;
    for life in 0..KILLS {
        let before = acknowledged.len();
        let lives_us = draw.between(lives_us.start, lives_us.end);
        live_and_die(url, life, lives_us, &mut draw, &mut acknowledged);
        lives_that_wrote += u64::from(acknowledged.len() > before);
        after_each();
    }
    println!(
        "{} rows acknowledged in {lives_that_wrote} of {KILLS} lives",
        acknowledged.len()
    );
    assert!(
        lives_that_wrote > KILLS / 2,
        "the kills came too early to say anything"
    );
    acknowledged
}

async fn check(store: &dyn Store, acknowledged: &HashSet<String>) {
    store.recover_dead_gateways(i64::MAX, START_MS).await.unwrap();
    store.fold_rollups().await.unwrap();
    let (ids, cost) = everything(store).await;
    let lost: Vec<_> = acknowledged.difference(&ids).collect();
    assert!(
        lost.is_empty(),
        "{} acknowledged rows are lost: {lost:?}",
        lost.len()
    );
    check_money(store, cost).await;
    check_rollups(store, ids.len(), cost).await;
}

/// Starts the writing process, kills it after this time and collects what it acknowledged until then.
fn live_and_die(url: &str, life: u64, lives_us: i64, draw: &mut Draw, acknowledged: &mut HashSet<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_store_writer"))
        .arg(url)
        .arg(life.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // A quarter dies while it opens, migrates or recovers.
    let waits = !draw.chance(25);
    if waits {
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        assert_eq!(ready.trim(), "ready", "life {life} did not begin");
    }
    // The pipe must be read meanwhile, or the writer waits for us.
    let reader = std::thread::spawn(move || {
        let lines: Vec<String> = output.lines().map(Result::unwrap).collect();
        lines
    });
    std::thread::sleep(Duration::from_micros(lives_us as u64));
    kill(&mut child, life);
    for line in reader.join().unwrap() {
        // The last line may have been cut by the kill; the writer marks whole ones.
        if let Some(id) = line.strip_suffix('.') {
            assert!(acknowledged.insert(id.to_owned()), "{id} was acknowledged twice");
        }
    }
}

fn kill(child: &mut Child, life: u64) {
    assert!(child.try_wait().unwrap().is_none(), "life {life} ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// All ids, each once, and what they cost together.
async fn everything(store: &dyn Store) -> (HashSet<String>, i64) {
    let mut ids = HashSet::new();
    let (mut cost, mut cursor): (i64, Option<String>) = (0, None);
    loop {
        let page = store
            .list_requests(&Default::default(), cursor.as_deref(), 1000)
            .await
            .unwrap();
        let Some(last) = page.last() else {
            return (ids, cost);
        };
        cursor = Some(last.id.clone());
        for row in page {
            cost += row.cost_nanousd.0;
            assert!(ids.insert(row.id.clone()), "{} is there twice", row.id);
        }
    }
}

async fn check_money(store: &dyn Store, cost: i64) {
    assert_eq!(
        store.check_ledger().await.unwrap(),
        vec![],
        "ledger and balances differ"
    );
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd, NanoUsd(cost), "requests and ledger differ");
    assert_eq!(balance.reserved_nanousd, NanoUsd(0));
    assert_eq!(
        balance.committed_nanousd, balance.spent_nanousd,
        "dead leases are given back"
    );
}

async fn check_rollups(store: &dyn Store, requests: usize, cost: i64) {
    let year = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + 365 * 86_400_000,
    };
    for grain in [Grain::Minute, Grain::Hour] {
        let series = store
            .rollup_series(Dimension::All, grain, year, 365 * 86_400_000)
            .await
            .unwrap();
        let sums = series[0].counters;
        assert_eq!(
            (sums.requests, sums.cost_nanousd),
            (requests as i64, cost),
            "rollups and requests differ"
        );
    }
}
