//! What it costs to clear cached answers by the million while traffic goes on, on both databases: how long until nobody is served
//! them, whether an undo brings back all, and what look-ups and records beside it wait.

use crate::{
    fill::{Hands, NOW_MS, Place, open},
    sample::{Draw, act_of, entry},
};
use std::{
    path::Path,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use support::{postgres::target_folder, postgres_server::PostgresServer};
use tokio::task::JoinSet;
use weir_contract::model::cache::{CacheExtent, CacheSelector};
use weir_engine::store::{ClearEnd, Clearing, EndOutcome, RequestRecord, Store};

const ENTRIES: i64 = 1_000_000;
/// Each phase of the traffic lasts at least this long.
const PHASE: Duration = Duration::from_secs(10);
const LOOK_UP_EVERY: Duration = Duration::from_millis(4);
const RECORD_EVERY: Duration = Duration::from_millis(8);
/// Every so many records, an answer is put as well.
const PUT_EACH: u64 = 5;
const PHASES: [&str; 6] = [
    "before",
    "a prefix is cleared",
    "and undone",
    "everything is cleared",
    "and undone",
    "an intent is purged",
];

/// Fills one database of each kind, measures, and removes them.
pub(crate) async fn run(entries: Option<&str>) -> ExitCode {
    let Some(entries) = entries.map_or(Some(ENTRIES), |text| text.parse().ok()) else {
        eprintln!("bench: --clears takes a number of cached answers");
        return ExitCode::FAILURE;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weir.db");
    measure(&Place::Sqlite(Path::new(&path)), entries).await;
    drop(folder);
    let server = PostgresServer::start(&target_folder(), &["shared_buffers=512MB", "max_wal_size=2GB"])
        .unwrap_or_else(|problem| panic!("{problem}"));
    server
        .sql("postgres", "CREATE DATABASE filled")
        .expect("a database");
    let url = server.url("filled");
    weir_store_postgres::migrate(&url).await.expect("a schema");
    measure(&Place::Postgres(&url), entries).await;
    ExitCode::SUCCESS
}

async fn measure(place: &Place<'_>, entries: i64) {
    let began = Instant::now();
    fill(place, entries).await;
    println!(
        "\n{}: {entries} cached answers after {:.0} s",
        place.name(),
        began.elapsed().as_secs_f64()
    );
    let store = open(place).await;
    let traffic = Traffic::start(&store);
    traffic.begin(0).await;

    let prefix = CacheSelector::Prefix("doc:".to_owned());
    for (phase, selector) in [(1, prefix), (3, CacheSelector::All)] {
        let began = Instant::now();
        let meant = store.extent(&selector).await.expect("a dry run");
        println!(
            "dry run: {} answers in {:.0} ms",
            meant.entries,
            ms(began.elapsed())
        );
        let ended = traffic.begin(phase);
        let seq = clear(&store, &selector, meant).await;
        ended.await;
        let ended = traffic.begin(phase + 1);
        undo(&store, seq, &selector, meant).await;
        ended.await;
    }
    let ended = traffic.begin(5);
    let began = Instant::now();
    let purging = Clearing {
        purge: true,
        ..Clearing::of(CacheSelector::Intent("intent-3".to_owned()))
    };
    let purged = store
        .clear(&purging, &act_of("ada", NOW_MS))
        .await
        .expect("a purge");
    println!(
        "purge: {} answers in {:.0} ms",
        purged.extent.entries,
        ms(began.elapsed())
    );
    ended.await;
    traffic.end(place.name()).await;
}

/// Clears, watches an answer go, and compares with what the dry run said.
async fn clear(store: &Arc<dyn Store>, selector: &CacheSelector, meant: CacheExtent) -> i64 {
    let began = Instant::now();
    let watched = {
        let store = store.clone();
        tokio::spawn(async move {
            while is_served(store.as_ref(), 0).await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            began.elapsed()
        })
    };
    let cleared = store
        .clear(&Clearing::of(selector.clone()), &act_of("ada", NOW_MS))
        .await
        .expect("a clear");
    let took = began.elapsed();
    let gone = watched.await.expect("it goes");
    println!(
        "clear: {} answers in {:.0} ms, gone for readers after {:.0} ms; {} more than the dry run said",
        cleared.extent.entries,
        ms(took),
        ms(gone),
        cleared.extent.entries - meant.entries,
    );
    let left = store.extent(selector).await.expect("an extent").entries;
    println!("left after it: {left}, put since by the traffic");
    cleared.seq
}

async fn undo(store: &Arc<dyn Store>, seq: i64, selector: &CacheSelector, meant: CacheExtent) {
    let began = Instant::now();
    let outcome = store
        .end_clear(seq, ClearEnd::Undone, &act_of("ada", NOW_MS))
        .await
        .expect("an undo");
    let took = began.elapsed();
    let EndOutcome::Done(back) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(is_served(store.as_ref(), 0).await);
    let served = store.extent(selector).await.expect("an extent").entries;
    println!(
        "undo: {} answers in {:.0} ms; {served} are served, {} before",
        back.entries,
        ms(took),
        meant.entries
    );
}

/// Calls that go on beside it, each due at its time whether or not the one before has ended.
struct Traffic {
    phase: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    waits: Arc<Mutex<Vec<Wait>>>,
    tasks: JoinSet<()>,
}

struct Wait {
    phase: usize,
    is_write: bool,
    ms: f64,
}

impl Traffic {
    fn start(store: &Arc<dyn Store>) -> Traffic {
        let mut traffic = Traffic {
            phase: Arc::default(),
            is_over: Arc::default(),
            waits: Arc::default(),
            tasks: JoinSet::new(),
        };
        traffic.repeat(store, LOOK_UP_EVERY, false, |store, number| async move {
            // Odd ones are not of the prefix.
            let key = key_of((number as i64 * 7_919 % 500_000) * 2 + 1);
            store.get_entry(&key, NOW_MS).await.expect("a look-up");
        });
        traffic.repeat(store, RECORD_EVERY, true, |store, number| async move {
            let mut row = Draw::from(number).row(NOW_MS);
            row.id = format!("{NOW_MS:012x}-{number}");
            let record = RequestRecord {
                row,
                trace: vec![],
                request_body: None,
                response_body: None,
                settlements: vec![],
                hit_key: None,
            };
            store.record(record).await.expect("a record");
            if number.is_multiple_of(PUT_EACH) {
                let mut anew = entry(&format!("new {number}"), NOW_MS);
                anew.row.label = format!("new:{number}");
                store.put_entry(anew).await.expect("an answer");
            }
        });
        traffic
    }

    fn repeat<F>(
        &mut self,
        store: &Arc<dyn Store>,
        every: Duration,
        is_write: bool,
        call: impl Fn(Arc<dyn Store>, u64) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (store, phase) = (store.clone(), self.phase.clone());
        let (is_over, waits) = (self.is_over.clone(), self.waits.clone());
        self.tasks.spawn(async move {
            let mut ticks = tokio::time::interval(every);
            let mut calls = JoinSet::new();
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                let due = ticks.tick().await;
                // It belongs to what was done when it was due to begin.
                let phase = phase.load(Ordering::Relaxed);
                let (one, waits) = (call(store.clone(), number), waits.clone());
                calls.spawn(async move {
                    one.await;
                    let ms = ms(due.elapsed());
                    waits.lock().expect("no panic").push(Wait { phase, is_write, ms });
                });
                number += 1;
            }
            while let Some(ended) = calls.join_next().await {
                ended.expect("traffic goes on");
            }
        });
    }

    /// Begins a phase; what it returns waits until that has lasted long enough.
    fn begin(&self, phase: usize) -> impl Future<Output = ()> + use<> {
        self.phase.store(phase, Ordering::Relaxed);
        tokio::time::sleep(PHASE)
    }

    async fn end(mut self, name: &str) {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("traffic goes on");
        }
        println!("\n| {name} | calls | p50 ms | p95 ms | p99 ms | slowest ms |\n|---|---|---|---|---|---|");
        let waits = self.waits.lock().expect("no panic");
        for (what, is_write) in [("look-ups", false), ("records", true)] {
            for (phase, when) in PHASES.iter().enumerate() {
                let mut of_phase: Vec<f64> = waits
                    .iter()
                    .filter(|wait| wait.phase == phase && wait.is_write == is_write)
                    .map(|wait| wait.ms)
                    .collect();
                of_phase.sort_by(f64::total_cmp);
                let at = |share: f64| of_phase[((of_phase.len() - 1) as f64 * share) as usize];
                println!(
                    "| {what}, {when} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
                    of_phase.len(),
                    at(0.5),
                    at(0.95),
                    at(0.99),
                    at(1.0)
                );
            }
        }
    }
}

async fn is_served(store: &dyn Store, number: i64) -> bool {
    let found = store.get_entry(&key_of(number), NOW_MS).await;
    found.expect("a look-up").is_some()
}

/// As long as a real one, and as scattered.
fn key_of(number: i64) -> String {
    format!("{:08x}{:056}", number * 2_654_435_761 % 4_294_967_291, 0)
}

/// Puts answers of 400 bytes, every other one of the prefix.
async fn fill(place: &Place<'_>, entries: i64) {
    drop(open(place).await);
    let is_postgres = matches!(place, Place::Postgres(_));
    let (schema, key, body) = if is_postgres {
        (
            "weir.",
            "lpad(to_hex(h), 8, '0') || repeat('0', 56)",
            "convert_to(repeat('an answer ', 40), 'UTF8')",
        )
    } else {
        (
            "",
            "printf('%08x%056d', h, 0)",
            "CAST(replace(hex(zeroblob(20)), '00', 'an answer of words, ') AS BLOB)",
        )
    };
    let mut hands = Hands::of(place).await;
    if is_postgres {
        hands.run(&format!("SELECT weir.add_request_day({NOW_MS})")).await;
        hands.run("SET synchronous_commit = off").await;
    } else {
        hands.run("PRAGMA synchronous = OFF").await;
    }
    hands
        .run(&format!(
            "WITH RECURSIVE n (i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {entries}),
                 made AS (SELECT i, (i * 2654435761) % 4294967291 AS h FROM n)
             INSERT INTO {schema}cache_entries (key, label, intent, provider, model, tier, team, created_ms, expires_ms, hits,
                 bytes, cost_nanousd, app_version, body)
             SELECT {key}, CASE i % 2 WHEN 0 THEN 'doc:' ELSE 'task:' END || i, 'intent-' || (i % 15), 'openai',
                    'model-' || (i % 9), 'T' || (i % 4), 'team-' || (i % 12), {NOW_MS} - i * 9, {NOW_MS} + 86400000, i % 40,
                    400, 20000 + i, '', {body} FROM made"
        ))
        .await;
    if is_postgres {
        hands.run("VACUUM (ANALYZE, FREEZE)").await;
    } else {
        hands.run("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
