//! A ledger in memory that keeps leases as the databases do, for the purse's tests.
#![allow(clippy::unwrap_used)]

use super::Held;
use crate::{
    budget::{
        counted::{CallFacts, Counted, counting_call},
        period::CountedStarts,
    },
    clock::ManualClock,
    store::{CapBalance, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore, StoreError},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapManner, CapPeriod, CapScope, CapStep},
};

/// 2026-09-21 00:00 UTC.
pub(super) const DAY_MS: i64 = 1_789_948_800_000;

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
    /// True while nothing can be asked of it.
    pub(super) is_away: std::sync::atomic::AtomicBool,
    /// Moved to this time while a lease is being granted.
    pub(super) next_ms: Mutex<Option<(Arc<ManualClock>, i64)>>,
}

impl Ledger {
    fn be_there(&self) -> Result<(), StoreError> {
        if self.is_away.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the ledger is away".into()));
        }
        Ok(())
    }
    pub(super) fn committed(&self, period_start_ms: i64) -> i64 {
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
        for (key, part) in held.leases().into_iter().zip(&held.parts) {
            let mut leases = self.leases.lock().unwrap();
            let lease = leases.get_mut(&(key.period_start_ms, key.lease_id)).unwrap();
            lease.reserved += part.amount.0;
        }
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
}

#[async_trait]
impl LedgerStore for Ledger {
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError> {
        self.be_there()?;
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
        self.be_there()?;
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
    async fn open_beyond(&self, _cap: &str, _counted: CountedStarts) -> Result<NanoUsd, StoreError> {
        Err(StoreError::Unavailable("not asked for here".into()))
    }
    async fn recall_leases(
        &self,
        _cap: &str,
        _counted: CountedStarts,
        _gateway_id: &str,
    ) -> Result<bool, StoreError> {
        // Nobody answers: a refusal is then at once, as where no other gateway lives.
        Ok(false)
    }
    async fn recalled_leases(&self, _after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
        Ok(Vec::new())
    }
    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
        self.be_there()?;
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
        manner: CapManner::default(),
    }
}
