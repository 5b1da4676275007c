//! The world in which chains of caps are tested: three gateways whose clocks differ, and what they bought.
#![allow(clippy::unwrap_used)]

use super::{
    Held, Purse,
    ledger_in_memory::{DAY_MS, Ledger, counted, daily},
};
use crate::{
    budget::counted::Counted,
    clock::{Clock, ManualClock},
};
use proptest::prelude::*;
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapPeriod, CapScope, CapSubject},
};

pub(super) const HOUR_MS: i64 = 3_600_000;
pub(super) const USERS: [&str; 4] = ["", "ana", "bob", "eve"];

pub(super) fn per_user(limit: i64) -> Cap {
    Cap {
        name: "per-user".into(),
        scope: CapScope::Each(CapSubject::User),
        ..daily(limit)
    }
}

pub(super) fn rolling(limit: i64, hours: u16) -> Cap {
    Cap {
        name: "rolling".into(),
        period: CapPeriod::RollingHours(hours),
        ..daily(limit)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    Hold {
        gateway: usize,
        user: usize,
        amount: i64,
    },
    End {
        pick: usize,
        permille: i64,
    },
    Advance {
        minutes: u32,
    },
    House {
        gateway: usize,
    },
    Crash {
        gateway: usize,
    },
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let gateway = || 0..3_usize;
    let op = prop_oneof![
        8 => (gateway(), 0..USERS.len(), 1..120_i64)
            .prop_map(|(gateway, user, amount)| Op::Hold { gateway, user, amount }),
        6 => (any::<usize>(), 0..=1_000_i64).prop_map(|(pick, permille)| Op::End { pick, permille }),
        3 => (1..150_u32).prop_map(|minutes| Op::Advance { minutes }),
        1 => gateway().prop_map(|gateway| Op::House { gateway }),
        1 => gateway().prop_map(|gateway| Op::Crash { gateway }),
    ];
    prop::collection::vec(op, 1..120)
}

/// What one call took, as it would be billed at worst.
struct Event {
    at_ms: i64,
    user: usize,
    amount: i64,
}

struct Open {
    gateway: usize,
    held: Held,
    event: usize,
}

/// Three gateways whose clocks differ by minutes, and what they bought.
pub(super) struct World {
    ledger: Arc<Ledger>,
    clocks: Vec<Arc<ManualClock>>,
    purses: Vec<Purse>,
    born: usize,
    open: Vec<Open>,
    events: Vec<Event>,
}

impl World {
    pub(super) fn new() -> World {
        let ledger = Arc::new(Ledger::default());
        let clocks: Vec<_> = (0..3)
            .map(|gateway| Arc::new(ManualClock::at_ms(DAY_MS + 40 * HOUR_MS + gateway * 25 * 60_000)))
            .collect();
        let purses = clocks.iter().enumerate();
        World {
            purses: purses
                .map(|(id, clock)| Purse::new(&id.to_string(), ledger.clone(), clock.clone()))
                .collect(),
            ledger,
            clocks,
            born: 3,
            open: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) async fn run(&mut self, caps: &[Cap], op: Op) {
        match op {
            Op::Hold {
                gateway,
                user,
                amount,
            } => {
                let chain: Vec<Counted<'_>> = counted(caps, USERS[user]);
                let at_ms = self.clocks[gateway].now_ms();
                let Ok(held) = self.purses[gateway].hold(&chain, NanoUsd(amount), at_ms).await else {
                    return;
                };
                assert_eq!(held.leases().len(), caps.len(), "held against all");
                self.ledger.open(&held);
                self.events.push(Event { at_ms, user, amount });
                let event = self.events.len() - 1;
                self.open.push(Open { gateway, held, event });
            }
            Op::End { pick, permille } => {
                if self.open.is_empty() {
                    return;
                }
                let ended = self.open.swap_remove(pick % self.open.len());
                let (amount, keys) = (ended.held.amount.0, ended.held.leases());
                let cost = amount * permille / 1_000;
                self.purses[ended.gateway].settle(ended.held, NanoUsd(cost));
                self.ledger.record(&keys, amount, cost);
                self.events[ended.event].amount = cost;
            }
            Op::Advance { minutes } => {
                for clock in &self.clocks {
                    clock.advance_ms(minutes * 60_000);
                }
            }
            Op::House { gateway } => {
                let now_ms = self.clocks[gateway].now_ms();
                self.purses[gateway].beat().await.unwrap();
                self.purses[gateway].give_back(caps, now_ms, false).await.unwrap();
            }
            Op::Crash { gateway } => self.crash(gateway),
        }
    }

    /// The process is gone, what it held open is charged in full, and another one starts in its place.
    fn crash(&mut self, gateway: usize) {
        let id = self.purses[gateway].gateway_id.to_string();
        for lease in self.ledger.leases.lock().unwrap().values_mut() {
            if lease.gateway == id {
                lease.spent += std::mem::take(&mut lease.reserved);
                lease.returned = lease.granted - lease.spent;
            }
        }
        self.open.retain(|open| open.gateway != gateway);
        let (ledger, clock) = (self.ledger.clone(), self.clocks[gateway].clone());
        self.purses[gateway] = Purse::new(&self.born.to_string(), ledger, clock);
        self.born += 1;
    }

    pub(super) fn most_in_a_day(&self, user: Option<usize>) -> i64 {
        let day = |at_ms: i64| at_ms.div_euclid(24 * HOUR_MS);
        let counts = |event: &&Event| user.is_none_or(|user| event.user == user);
        let of_day = |wanted: i64| -> i64 {
            let events = self.events.iter().filter(counts);
            events
                .filter(|event| day(event.at_ms) == wanted)
                .map(|event| event.amount)
                .sum()
        };
        self.events
            .iter()
            .map(|event| of_day(day(event.at_ms)))
            .max()
            .unwrap_or(0)
    }

    /// In any span of so many hours; the fullest one begins with a call.
    pub(super) fn most_in_any(&self, hours: i64) -> i64 {
        let from = |start_ms: i64| -> i64 {
            let span = start_ms..=start_ms + hours * HOUR_MS;
            let events = self.events.iter().filter(|event| span.contains(&event.at_ms));
            events.map(|event| event.amount).sum()
        };
        self.events
            .iter()
            .map(|event| from(event.at_ms))
            .max()
            .unwrap_or(0)
    }
}
