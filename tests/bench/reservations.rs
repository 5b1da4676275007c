//! Reservations a second: the purse as the engine drives it, over a real SQLite file, and the same with each reservation
//! written down and settled there.

use crate::{
    sample::{Draw, settled},
    usage::ProcessUsage,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapManner, CapPeriod, CapScope, CapStep, CapSubject},
};
use weir_engine::{
    budget::{
        counted::{CallFacts, counting_call},
        purse::Purse,
    },
    clock::{Clock, SystemClock},
    store::{LedgerStore, OpenReservation, RequestStore},
};
use weir_store_sqlite::SqliteStore;

const EACH: Duration = Duration::from_millis(3_000);
const DEAREST: i64 = 2_000_000;

/// One way of reserving, measured.
pub(crate) struct Reservations {
    pub(crate) what: &'static str,
    pub(crate) callers: usize,
    pub(crate) count: u64,
    pub(crate) per_second: f64,
    pub(crate) cpu_us_each: Option<f64>,
    /// By how much the cap was passed; must be 0.
    pub(crate) over_nanousd: i64,
}

/// Both ways, one after the other.
pub(crate) async fn measure_all() -> Vec<Reservations> {
    let folder = tempfile::tempdir().expect("a folder for the database");
    let mut measured = Vec::new();
    for (nth, (what, caps, callers, is_written)) in [
        (
            "one cap, leased slices",
            vec![cap("all", CapScope::Global)],
            16,
            false,
        ),
        (
            "three caps, leased slices",
            vec![
                cap("all", CapScope::Global),
                cap("user", CapScope::Each(CapSubject::User)),
                cap("key", CapScope::Each(CapSubject::Key)),
            ],
            16,
            false,
        ),
        (
            "one cap, each written and settled",
            vec![cap("all", CapScope::Global)],
            256,
            true,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{nth}.db"));
        let store = weir_store_sqlite::open(&path).await.expect("a database");
        measured.push(measure(store, what, caps, callers, is_written).await);
    }
    measured
}

/// So large that it is leased all the time and never used up: 50 million reservations of the dearest kind.
fn cap(name: &str, scope: CapScope) -> Cap {
    Cap {
        name: name.into(),
        scope,
        period: CapPeriod::Month,
        time_zone: "Europe/Berlin".into(),
        limit_nanousd: NanoUsd(50_000_000 * DEAREST),
        steps: CapStep::tell_and_refuse(80),
        enabled: true,
        manner: CapManner::default(),
    }
}

struct Run {
    caps: Vec<Cap>,
    purse: Purse,
    store: SqliteStore,
    clock: Arc<SystemClock>,
    is_written: bool,
    is_over: AtomicBool,
    count: AtomicU64,
    charged: AtomicI64,
}

async fn measure(
    store: SqliteStore,
    what: &'static str,
    caps: Vec<Cap>,
    callers: usize,
    is_written: bool,
) -> Reservations {
    let clock = Arc::new(SystemClock::new());
    let run = Arc::new(Run {
        purse: Purse::new("bench", Arc::new(store.clone()), clock.clone()),
        caps,
        store,
        clock,
        is_written,
        is_over: AtomicBool::new(false),
        count: AtomicU64::new(0),
        charged: AtomicI64::new(0),
    });
    run.purse.beat().await.expect("a beat");
    let process = ProcessUsage::of(std::process::id());
    let cpu_before = process.cpu_ms();
    let started = Instant::now();
    let mut all = JoinSet::new();
    for caller in 0..callers {
        let run = run.clone();
        all.spawn(async move { run.reserve_on(caller as u64).await });
    }
    tokio::time::sleep(EACH).await;
    run.is_over.store(true, Ordering::SeqCst);
    all.join_all().await;
    let took = started.elapsed();
    let cpu_ms = cpu_before.and_then(|before| Some(process.cpu_ms()? - before));
    let count = run.count.load(Ordering::SeqCst);
    Reservations {
        what,
        callers,
        count,
        per_second: count as f64 / took.as_secs_f64(),
        cpu_us_each: cpu_ms.map(|cpu_ms| cpu_ms as f64 * 1_000.0 / count.max(1) as f64),
        over_nanousd: run.over().await,
    }
}

impl Run {
    /// Counts the call, holds its worst case, charges a part of it, as a call does.
    async fn reserve_on(&self, caller: u64) {
        let mut draw = Draw::from(caller);
        let user = format!("user {}", caller % 4);
        let facts = CallFacts {
            key: "key",
            user: &user,
            team: "",
            intent: "",
            event: "",
        };
        while !self.is_over.load(Ordering::Relaxed) {
            let now_ms = self.clock.now_ms();
            let worst = draw.between(1, DEAREST);
            let chain = counting_call(&self.caps, &facts);
            let held = self.purse.hold(&chain, NanoUsd(worst), now_ms).await;
            let held = held.expect("the cap has room");
            let cost = worst / 3;
            let open = self.is_written.then(|| {
                let row = draw.row(now_ms);
                OpenReservation {
                    id: format!("{}-1", row.id),
                    gateway_id: "bench".into(),
                    amount_nanousd: held.amount,
                    hard_bound_nanousd: held.hard_bound,
                    leases: held.held_leases(),
                    opened_ms: now_ms,
                    row,
                }
            });
            if let Some(open) = &open {
                self.store
                    .open_reservation(open.clone())
                    .await
                    .expect("a reservation");
            }
            assert!(self.purse.still_holds(&held));
            self.purse.settle(held, NanoUsd(cost));
            if let Some(open) = &open {
                self.store
                    .record(settled(open, cost, true))
                    .await
                    .expect("a record");
            }
            self.charged.fetch_add(cost, Ordering::Relaxed);
            self.count.fetch_add(1, Ordering::Relaxed);
            tokio::task::consume_budget().await;
        }
    }

    /// All slices lent, and all that was charged, against the limit of the cap on everything.
    async fn over(&self) -> i64 {
        let start = weir_engine::budget::period::period_bounds(
            CapPeriod::Month,
            "Europe/Berlin",
            self.clock.now_ms(),
        );
        let balance = self.store.balance("all", start.expect("a month").start_ms).await;
        let committed = balance.expect("a balance").committed_nanousd.0;
        let used = committed.max(self.charged.load(Ordering::SeqCst));
        // What was charged must have been lent before.
        let unlent = (self.charged.load(Ordering::SeqCst) - committed).max(0);
        (used - self.caps[0].limit_nanousd.0).max(unlent)
    }
}
