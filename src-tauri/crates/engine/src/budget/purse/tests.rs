//! The purse against a ledger in memory that keeps leases as the databases do, and a clock that is told the time.
#![allow(clippy::unwrap_used)]

use super::{
    Held, Purse, PurseError,
    ledger_in_memory::{DAY_MS, Ledger, counted, daily},
};
use crate::{
    budget::fence::DEAD_AFTER_MS,
    clock::{Clock, ManualClock},
    store::LedgerStore,
};
use std::sync::Arc;
use weir_contract::NanoUsd;

const NEXT_DAY_MS: i64 = DAY_MS + 86_400_000;
const LIMIT: i64 = 1_000;

struct Stage {
    ledger: Arc<Ledger>,
    clock: Arc<ManualClock>,
    purse: Purse,
}

impl Stage {
    fn at_ms(now_ms: i64) -> Stage {
        let ledger = Arc::new(Ledger::default());
        let clock = Arc::new(ManualClock::at_ms(now_ms));
        Stage {
            purse: Purse::new("one", ledger.clone(), clock.clone()),
            ledger,
            clock,
        }
    }
    async fn hold(&self, limit: i64, amount: i64) -> Result<Held, PurseError> {
        let caps = [daily(limit)];
        self.purse
            .hold(&counted(&caps, ""), NanoUsd(amount), self.clock.now_ms())
            .await
    }
    /// Time passes for a process that stands still, and another gateway takes its leases back.
    async fn suspend(&self) {
        self.clock.advance_ms(20_000);
        let now_ms = self.clock.now_ms();
        self.ledger
            .recover_dead_gateways(now_ms - DEAD_AFTER_MS, now_ms)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_suspended_gateway_does_not_spend_what_was_taken_back() {
    let stage = Stage::at_ms(DAY_MS + 1_000);
    let first = stage.hold(LIMIT, 1).await.unwrap();
    stage.ledger.open(&first);
    assert_eq!(stage.ledger.committed(DAY_MS), 20, "19 are free in the book");
    stage.suspend().await;
    assert_eq!(stage.ledger.committed(DAY_MS), 1);
    let other = Purse::new("two", stage.ledger.clone(), stage.clock.clone());
    let caps = [daily(LIMIT)];
    let rest = other
        .hold(&counted(&caps, ""), NanoUsd(999), stage.clock.now_ms())
        .await
        .unwrap();
    assert!(other.still_holds(&rest));
    assert!(
        matches!(stage.hold(LIMIT, 19).await, Err(PurseError::CapReached { .. })),
        "all of the cap is out, so the old lease must not be spent"
    );
    // Neither is what the call under way leaves, which was charged in full when the gateway was declared dead.
    stage.purse.settle(first, NanoUsd::ZERO);
    assert!(stage.hold(LIMIT, 1).await.is_err());
}

#[tokio::test]
async fn a_gateway_that_slept_after_holding_notices_it() {
    let stage = Stage::at_ms(DAY_MS + 1_000);
    let held = stage.hold(LIMIT, 5).await.unwrap();
    assert!(stage.purse.still_holds(&held));
    stage.suspend().await;
    assert!(!stage.purse.still_holds(&held));
    // Also when a beat has come between.
    stage.purse.beat().await.unwrap();
    assert!(!stage.purse.still_holds(&held));
    stage.purse.settle(held, NanoUsd::ZERO);
    let anew = stage.hold(LIMIT, 5).await.unwrap();
    assert!(stage.purse.still_holds(&anew));
}

#[tokio::test]
async fn regular_beats_keep_the_lease() {
    let stage = Stage::at_ms(DAY_MS + 1_000);
    let held = stage.hold(LIMIT, 1).await.unwrap();
    for _ in 0..20 {
        stage.clock.advance_ms(5_000);
        stage.purse.beat().await.unwrap();
    }
    assert!(stage.purse.still_holds(&held));
    stage.hold(LIMIT, 19).await.unwrap();
    assert_eq!(stage.ledger.committed(DAY_MS), 20, "no new lease was needed");
}

#[tokio::test]
async fn a_call_at_midnight_is_not_refused_for_the_day_that_ends() {
    let stage = Stage::at_ms(NEXT_DAY_MS - 5);
    let all = stage.hold(LIMIT, LIMIT).await.unwrap();
    assert!(matches!(
        stage.hold(LIMIT, 1).await,
        Err(PurseError::CapReached { .. })
    ));
    // Midnight passes while the store is asked.
    *stage.ledger.next_ms.lock().unwrap() = Some((stage.clock.clone(), NEXT_DAY_MS));
    let held = stage.hold(LIMIT, 1).await.unwrap();
    assert_eq!(held.leases()[0].period_start_ms, NEXT_DAY_MS);
    stage.purse.settle(all, NanoUsd::ZERO);
}

#[tokio::test]
async fn a_lowered_cap_gets_back_what_calls_under_way_leave() {
    let stage = Stage::at_ms(DAY_MS + 1_000);
    let held = stage.hold(LIMIT, 600).await.unwrap();
    let keys = held.leases();
    stage.ledger.open(&held);
    stage.purse.settle(held, NanoUsd(100));
    // Settled in memory, its record still on its way: the store cannot take the rest yet.
    assert!(stage.hold(500, 450).await.is_err());
    assert_eq!(stage.ledger.committed(DAY_MS), 600);
    stage.ledger.record(&keys, 600, 100);
    let caps = [daily(500)];
    let now_ms = stage.clock.now_ms();
    stage.purse.give_back(&caps, now_ms, false).await.unwrap();
    assert_eq!(stage.ledger.committed(DAY_MS), 100, "only what was spent stays");
    stage.hold(500, 400).await.unwrap();
    assert!(stage.hold(500, 1).await.is_err());
}

#[tokio::test]
async fn a_stop_during_a_call_strands_nothing() {
    let stage = Stage::at_ms(DAY_MS + 1_000);
    let held = stage.hold(LIMIT, 10).await.unwrap();
    let keys = held.leases();
    stage.ledger.open(&held);
    let caps = [daily(LIMIT)];
    let now_ms = stage.clock.now_ms();
    stage.purse.give_back(&caps, now_ms, true).await.unwrap();
    assert_eq!(stage.ledger.committed(DAY_MS), 10);
    stage.purse.settle(held, NanoUsd(4));
    stage.ledger.record(&keys, 10, 4);
    stage.purse.give_back(&caps, now_ms, true).await.unwrap();
    assert_eq!(stage.ledger.committed(DAY_MS), 4);
}
