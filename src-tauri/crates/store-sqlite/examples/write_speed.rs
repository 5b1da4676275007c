//! Measures recording: `cargo run --release -p weir-store-sqlite --example write_speed [folder]`. Linux only (CPU time).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that prints"
)]

use std::{path::Path, time::Instant};
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::budget::period::CountedStarts;
use weir_engine::store::{
    LeaseKey, LeaseRequest, LedgerStore, OpenReservation, RequestRecord, RequestStore, RollupStore,
    Settlement,
};
use weir_store_sqlite::SqliteStore;

const RECORDS: usize = 20_000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let folder = std::env::args()
        .nth(1)
        .map_or(folder.path().to_owned(), Into::into);
    println!(
        "{:<34} {:>9} {:>11} {:>15}",
        "case", "callers", "records/s", "CPU ms/record"
    );
    for (case, reserved) in [
        ("record (hit: no charge)", false),
        ("reserve under a cap, then record", true),
    ] {
        for callers in [1, 16, 64] {
            measure(&folder, case, reserved, callers).await;
        }
    }
}

async fn measure(folder: &Path, case: &str, reserved: bool, callers: usize) {
    let path = folder.join(format!("speed-{callers}-{reserved}.db"));
    let store = weir_store_sqlite::open(&path).await.unwrap();
    let lease = LeaseKey {
        cap: "day".to_owned(),
        period_start_ms: 0,
        lease_id: "l".to_owned(),
    };
    let request = LeaseRequest {
        key: lease.clone(),
        gateway_id: "g".to_owned(),
        limit_nanousd: NanoUsd(i64::MAX),
        need_nanousd: NanoUsd(1),
        want_nanousd: NanoUsd(1 << 60),
        now_ms: 0,
        counted: CountedStarts::only(0),
    };
    store.acquire_lease(request).await.unwrap();
    let (started, cpu) = (Instant::now(), cpu_ms());
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            tokio::spawn(call(
                store.clone(),
                reserved.then(|| lease.clone()),
                RECORDS / callers,
            ))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    store.fold_rollups().await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let n = (RECORDS / callers * callers) as f64;
    let cpu_each = (cpu_ms() - cpu) / n;
    println!("{case:<34} {callers:>9} {:>11.0} {cpu_each:>15.4}", n / seconds);
    store.close().await.unwrap();
}

async fn call(store: SqliteStore, lease: Option<LeaseKey>, records: usize) {
    for n in 0..records {
        let row = row(n);
        let leases: Vec<_> = lease.iter().cloned().collect();
        let mut settlements = vec![];
        if lease.is_some() {
            let reservation_id = format!("{}-1", row.id);
            store
                .open_reservation(OpenReservation {
                    id: reservation_id.clone(),
                    gateway_id: "g".to_owned(),
                    amount_nanousd: NanoUsd(100_000),
                    hard_bound_nanousd: NanoUsd(100_000),
                    leases: leases.iter().cloned().map(Into::into).collect(),
                    opened_ms: row.started_ms,
                    row: row.clone(),
                })
                .await
                .unwrap();
            settlements.push(Settlement {
                reservation_id,
                amount_nanousd: NanoUsd(60_000),
                settled: true,
                leases,
            });
        }
        let record = RequestRecord {
            row,
            trace: trace(),
            request_body: Some("m".repeat(1500)),
            response_body: Some("a".repeat(1500)),
            settlements,
            hit_key: None,
        };
        store.record(record).await.unwrap();
    }
}

fn row(n: usize) -> RequestRow {
    RequestRow {
        id: uuid::Uuid::now_v7().to_string(),
        started_ms: 1_767_225_600_000 + n as i64,
        duration_us: 1000 + n as i64 % 5000,
        first_byte_us: 900,
        upstream_us: 0,
        endpoint: "chat_completions".to_owned(),
        streamed: false,
        key_id: "key-a".to_owned(),
        team: "red".to_owned(),
        user: format!("user {}", n % 100),
        session: String::new(),
        event: String::new(),
        tags: vec![],
        client_ip: "127.0.0.1".to_owned(),
        intent: "task".to_owned(),
        requested_model: "auto".to_owned(),
        tier: Some(Tier::T0),
        provider: "openai".to_owned(),
        model: "small".to_owned(),
        simulated: false,
        cache: CacheOutcome::Miss,
        variants: vec!["ladder=new".to_owned()],
        status: RequestStatus::Ok,
        http_status: 200,
        error: String::new(),
        attempts: 1,
        tokens: TokenUsage {
            input: 400,
            output: 200,
            ..TokenUsage::default()
        },
        cost_nanousd: NanoUsd(60_000),
        saved_nanousd: NanoUsd::ZERO,
        cost_basis: CostBasis::Settled,
        price_id: "2026-01-01/small".to_owned(),
        price_unknown: false,
    }
}

fn trace() -> Vec<TraceStep> {
    (0..8)
        .map(|n| TraceStep {
            at_us: n * 100,
            stage: "route".to_owned(),
            decision: "T0 is the cheapest tier that can answer".to_owned(),
            facts: vec![
                ("tier".to_owned(), "T0".to_owned()),
                ("model".to_owned(), "small".to_owned()),
            ],
        })
        .collect()
}

/// User and system time of this process, in milliseconds.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks * 10.0
}
