//! One gateway as a process of its own, for the tests of caps: many callers hold, are billed, and settle, as the engine does.
//!
//! What a provider would bill is written to a file before the answer is waited for, so that a kill forgets no bill.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure must end the process, so that the test sees it"
)]

#[allow(dead_code, reason = "shared with the contract, which uses more of it")]
mod sample;
mod spender_plan;

use sample::{Draw, settled};
use spender_plan::Plan;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use weir_contract::{NanoUsd, model::cap::Cap};
use weir_engine::{
    budget::{
        counted::{CallFacts, counting_call},
        fence::DEAD_AFTER_MS,
        purse::{Purse, PurseError},
    },
    clock::{Clock, SystemClock},
    store::{OpenReservation, Store},
};

struct Spender {
    plan: Plan,
    caps: Vec<Cap>,
    store: Arc<dyn Store>,
    purse: Purse,
    clock: Arc<SystemClock>,
    bills: Mutex<File>,
    calls_left: AtomicI64,
    last_success_us: AtomicU64,
    numbers: AtomicU64,
    stopping: AtomicBool,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let plan = Plan::read(&arguments);
    let store = open(&plan.database).await;
    let clock = Arc::new(SystemClock::new());
    let bills = OpenOptions::new().create(true).append(true).open(&plan.bills);
    let spender = Arc::new(Spender {
        purse: Purse::new(&plan.gateway_id, store.clone(), clock.clone()),
        caps: vec![plan.cap()],
        bills: Mutex::new(bills.unwrap()),
        calls_left: AtomicI64::new(plan.calls),
        last_success_us: AtomicU64::new(clock.monotonic_us()),
        numbers: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        store,
        clock,
        plan,
    });
    spender.purse.beat().await.unwrap();
    println!("ready");
    let house = tokio::spawn(keep_house(spender.clone()));
    let told = spender.clone();
    std::thread::spawn(move || {
        // The test closes our input when we shall stop.
        let _ = std::io::stdin().read(&mut [0]);
        told.stopping.store(true, Ordering::SeqCst);
    });
    let callers = (0..spender.plan.callers).map(|caller| tokio::spawn(call_on(spender.clone(), caller)));
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    house.abort();
    let now_ms = spender.clock.now_ms();
    spender
        .purse
        .give_back(&spender.caps, now_ms, true)
        .await
        .unwrap();
    println!("done");
}

async fn open(database: &str) -> Arc<dyn Store> {
    if database.starts_with("postgres://") {
        return Arc::new(weir_store_postgres::open(database).await.unwrap());
    }
    Arc::new(weir_store_sqlite::open(Path::new(database)).await.unwrap())
}

/// As the gateway's housekeeping.
async fn keep_house(spender: Arc<Spender>) {
    for tick in 1_u64.. {
        tokio::time::sleep(Duration::from_millis(100)).await;
        spender.purse.answer_recalls().await.unwrap();
        if tick.is_multiple_of(50) {
            let now_ms = spender.clock.now_ms();
            spender.purse.beat().await.unwrap();
            let dead_before_ms = now_ms - DEAD_AFTER_MS;
            spender
                .store
                .recover_dead_gateways(dead_before_ms, now_ms)
                .await
                .unwrap();
            spender
                .purse
                .give_back(&spender.caps, now_ms, false)
                .await
                .unwrap();
        }
    }
}

async fn call_on(spender: Arc<Spender>, caller: u64) {
    let mut draw = Draw::from(spender.plan.seed.wrapping_mul(1_000).wrapping_add(caller));
    while !spender.is_over() {
        if spender.call(&mut draw).await {
            continue;
        }
        // Room comes back when others settle; who waits for the dead need not ask so often.
        let pause_ms = 50 + spender.plan.patience_ms / 40;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}

impl Spender {
    /// Nothing has fitted for so long that the cap is used up, or all calls are made.
    fn is_over(&self) -> bool {
        let last_us = self.last_success_us.load(Ordering::SeqCst);
        let idle_us = self.clock.monotonic_us().saturating_sub(last_us);
        self.stopping.load(Ordering::SeqCst)
            || self.calls_left.load(Ordering::SeqCst) <= 0
            || idle_us > self.plan.patience_ms * 1_000
    }

    /// False when it was refused.
    async fn call(&self, draw: &mut Draw) -> bool {
        let facts = CallFacts {
            key: "",
            user: "",
            team: "",
            intent: "",
            event: "",
        };
        let worst = draw.between(1, self.plan.dearest + 1);
        let now_ms = self.clock.now_ms();
        let chain = counting_call(&self.caps, &facts);
        let held = match self.purse.hold(&chain, NanoUsd(worst), now_ms).await {
            Ok(held) => held,
            Err(PurseError::CapReached {
                limit,
                spent,
                reserved,
                lent,
                need,
                ..
            }) => {
                self.write(&format!(
                    "refused {} {} {} {} {}",
                    limit.0, spent.0, reserved.0, lent.0, need.0
                ));
                return false;
            }
            Err(problem) => panic!("{problem}"),
        };
        let mut row = draw.row(now_ms);
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        row.id = format!("{}-{number}", self.plan.gateway_id);
        let open = OpenReservation {
            id: format!("{}-1", row.id),
            gateway_id: self.plan.gateway_id.clone(),
            amount_nanousd: held.amount,
            hard_bound_nanousd: held.hard_bound,
            leases: held.held_leases(),
            opened_ms: now_ms,
            row,
        };
        self.store.open_reservation(open.clone()).await.unwrap();
        let is_ours = self.purse.still_holds(&held);
        let cost = if is_ours { draw.between(0, worst + 1) } else { 0 };
        if is_ours {
            self.write(&format!("billed {cost}"));
            let wait_ms = draw.between(1, self.plan.slowest_ms + 1).unsigned_abs();
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        // Not before it is in the store: if this process died in between, the whole of it would be charged.
        self.store.record(settled(&open, cost, true)).await.unwrap();
        self.purse.settle(held, NanoUsd(cost));
        self.last_success_us
            .fetch_max(self.clock.monotonic_us(), Ordering::SeqCst);
        self.calls_left.fetch_sub(1, Ordering::SeqCst);
        true
    }

    /// One write for each line, so that a kill cuts none.
    fn write(&self, line: &str) {
        self.bills
            .lock()
            .unwrap()
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }
}
