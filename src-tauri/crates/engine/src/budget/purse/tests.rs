//! The purse against a ledger in memory that keeps leases as the databases do, and a clock that is told the time.
#![allow(clippy::unwrap_used)]

use super::{Held, Purse, PurseError};
use crate::budget::{
    counted::{CallFacts, Counted, counting_call},
    period::CountedStarts,
};
use crate::{
    budget::fence::DEAD_AFTER_MS,
    clock::{Clock, ManualClock},
    store::{CapBalance, LeaseKey, LeaseRequest, LeaseReturn, LedgerStore, StoreError},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapPeriod, CapScope, CapStep},
};

/// 2026-09-21 00:00 UTC and its next midnight.
pub(super) const DAY_MS: i64 = 1_789_948_800_000;
const NEXT_DAY_MS: i64 = DAY_MS + 86_400_000;
const LIMIT: i64 = 1_000;

#[derive(Default)]
pub(super) struct Lease {
    cap: String,
    pub(super) gateway: String,
    pub(super) granted: i64,
    pub(super) returned: i64,
    pub(super) spent: i64,
    pub(super) reserved: i64,
}

/// A ledger as the databases keep it, in memory.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) leases: Mutex<BTreeMap<(i64, String), Lease>>,
    beats: Mutex<BTreeMap<String, i64>>,
    /// Moved to this time while a lease is being granted.
    next_ms: Mutex<Option<(Arc<ManualClock>, i64)>>,
}

impl Ledger {
    fn committed(&self, period_start_ms: i64) -> i64 {
        let leases = self.leases.lock().unwrap();
        let of_period = leases
            .iter()
            .filter(|((period, _), _)| *period == period_start_ms);
        of_period.map(|(_, lease)| lease.granted - lease.returned).sum()
    }
    fn committed_of(&self, cap: &str, counted: CountedStarts) -> i64 {
        let found = self.balances_of(cap, counted);
        found.iter().map(|(_, balance)| balance.committed_nanousd.0).sum()
    }
    pub(super) fn balances_of(&self, cap: &str, counted: CountedStarts) -> Vec<(i64, CapBalance)> {
        let mut found: BTreeMap<i64, CapBalance> = BTreeMap::new();
        for ((period, _), lease) in self.leases.lock().unwrap().iter() {
            if lease.cap == cap && (counted.first_ms..=counted.last_ms).contains(period) {
                let balance = found.entry(*period).or_default();
                *balance = balance.plus(CapBalance {
                    spent_nanousd: NanoUsd(lease.spent),
                    reserved_nanousd: NanoUsd(lease.reserved),
                    committed_nanousd: NanoUsd(lease.granted - lease.returned),
                    ..CapBalance::default()
                });
            }
        }
        found.into_iter().collect()
    }
    /// A reservation is written down.
    pub(super) fn open(&self, held: &Held) {
        self.change(held, |lease| lease.reserved += held.amount.0);
    }
    /// And its record, with its cost.
    pub(super) fn record(&self, keys: &[LeaseKey], reserved: i64, cost: i64) {
        for key in keys {
            let mut leases = self.leases.lock().unwrap();
            let lease = leases
                .get_mut(&(key.period_start_ms, key.lease_id.clone()))
                .unwrap();
            lease.reserved -= reserved;
            lease.spent += cost;
        }
    }
    fn change(&self, held: &Held, change: impl Fn(&mut Lease)) {
        for key in held.leases() {
            let mut leases = self.leases.lock().unwrap();
            change(leases.get_mut(&(key.period_start_ms, key.lease_id)).unwrap());
        }
    }
}

#[async_trait]
impl LedgerStore for Ledger {
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError> {
        let room = request.limit_nanousd.0 - self.committed_of(&request.key.cap, request.counted);
        if room < request.need_nanousd.0.max(1) {
            return Ok(NanoUsd::ZERO);
        }
        let granted = request.want_nanousd.0.max(request.need_nanousd.0).min(room);
        let mut leases = self.leases.lock().unwrap();
        let key = (request.key.period_start_ms, request.key.lease_id.clone());
        let lease = leases.entry(key).or_default();
        lease.cap.clone_from(&request.key.cap);
        lease.gateway.clone_from(&request.gateway_id);
        lease.granted += granted;
        let mut beats = self.beats.lock().unwrap();
        beats.entry(request.gateway_id).or_insert(request.now_ms);
        Ok(NanoUsd(granted))
    }
    async fn return_lease(&self, key: &LeaseKey, unspent: NanoUsd) -> Result<LeaseReturn, StoreError> {
        let mut leases = self.leases.lock().unwrap();
        let lease = leases
            .get_mut(&(key.period_start_ms, key.lease_id.clone()))
            .unwrap();
        let rest = lease.granted - lease.returned - lease.spent - lease.reserved;
        let taken = unspent.0.min(rest).max(0);
        lease.returned += taken;
        Ok(LeaseReturn {
            taken_nanousd: NanoUsd(taken),
            reserved_nanousd: NanoUsd(lease.reserved),
        })
    }
    async fn balances(
        &self,
        cap: &str,
        counted: CountedStarts,
    ) -> Result<Vec<(i64, CapBalance)>, StoreError> {
        if let Some((clock, ms)) = self.next_ms.lock().unwrap().take() {
            clock.set_wall_ms(ms);
        }
        Ok(self.balances_of(cap, counted))
    }
    async fn top_balances(
        &self,
        _prefix: &str,
        _counted: CountedStarts,
        _most: u32,
    ) -> Result<Vec<(String, CapBalance)>, StoreError> {
        Err(StoreError::Unavailable("not asked for here".into()))
    }
    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
        self.beats.lock().unwrap().insert(gateway_id.to_owned(), now_ms);
        Ok(())
    }
    async fn recover_dead_gateways(&self, dead_before_ms: i64, _now_ms: i64) -> Result<u64, StoreError> {
        let mut beats = self.beats.lock().unwrap();
        for lease in self.leases.lock().unwrap().values_mut() {
            if beats
                .get(&lease.gateway)
                .is_some_and(|beat_ms| *beat_ms < dead_before_ms)
            {
                lease.spent += std::mem::take(&mut lease.reserved);
                lease.returned = lease.granted - lease.spent;
            }
        }
        beats.retain(|_, beat_ms| *beat_ms >= dead_before_ms);
        Ok(0)
    }
    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
        Ok(Vec::new())
    }
}

/// The caps as they count a call of this user.
pub(super) fn counted<'c>(caps: &'c [Cap], user: &str) -> Vec<Counted<'c>> {
    let facts = CallFacts {
        key: "key1",
        user,
        team: "",
        intent: "",
        event: "",
    };
    counting_call(caps, &facts)
}

pub(super) fn daily(limit: i64) -> Cap {
    Cap {
        name: "daily".into(),
        scope: CapScope::Global,
        period: CapPeriod::Day,
        time_zone: "UTC".into(),
        limit_nanousd: NanoUsd(limit),
        steps: CapStep::tell_and_refuse(80),
        enabled: true,
    }
}

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
