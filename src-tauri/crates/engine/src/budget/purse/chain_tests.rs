//! Several caps at once, each value on its own, and rolling hours: several gateways against one ledger in memory.
#![allow(clippy::unwrap_used)]

use super::{
    Held, Purse, PurseError,
    tests::{DAY_MS, Ledger, counted, daily},
};
use crate::{
    budget::{
        counted::{Counted, ledger_key},
        period::CountedStarts,
    },
    clock::{Clock, ManualClock},
};
use proptest::prelude::*;
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapAction, CapPeriod, CapScope, CapStep, CapSubject},
};

const HOUR_MS: i64 = 3_600_000;
const USERS: [&str; 4] = ["", "ana", "bob", "eve"];

fn per_user(limit: i64) -> Cap {
    Cap {
        name: "per-user".into(),
        scope: CapScope::Each(CapSubject::User),
        ..daily(limit)
    }
}

fn rolling(limit: i64, hours: u16) -> Cap {
    Cap {
        name: "rolling".into(),
        period: CapPeriod::RollingHours(hours),
        ..daily(limit)
    }
}

struct Stage {
    ledger: Arc<Ledger>,
    clock: Arc<ManualClock>,
    purse: Purse,
    caps: Vec<Cap>,
}

impl Stage {
    fn with(caps: Vec<Cap>) -> Stage {
        let ledger = Arc::new(Ledger::default());
        let clock = Arc::new(ManualClock::at_ms(DAY_MS));
        Stage {
            purse: Purse::new("one", ledger.clone(), clock.clone()),
            ledger,
            clock,
            caps,
        }
    }
    async fn hold(&self, user: &str, amount: i64) -> Result<Held, PurseError> {
        let now_ms = self.clock.now_ms();
        self.purse
            .hold(&counted(&self.caps, user), NanoUsd(amount), now_ms)
            .await
    }
    /// Buys something that costs exactly this much.
    async fn buy(&self, user: &str, amount: i64) -> Result<(), PurseError> {
        let held = self.hold(user, amount).await?;
        let keys = held.leases();
        self.ledger.open(&held);
        self.purse.settle(held, NanoUsd(amount));
        self.ledger.record(&keys, amount, amount);
        Ok(())
    }
    fn spent(&self, ledger_key: &str) -> i64 {
        let all = CountedStarts {
            first_ms: 0,
            last_ms: i64::MAX,
        };
        let balances = self.ledger.balances_of(ledger_key, all);
        balances.iter().map(|(_, balance)| balance.spent_nanousd.0).sum()
    }
}

#[tokio::test]
async fn a_chain_is_held_whole_or_not_at_all_and_names_what_stood_in_the_way() {
    let stage = Stage::with(vec![daily(1_000), per_user(300)]);
    let _ana = stage.hold("ana", 300).await.unwrap();
    let Err(PurseError::CapReached {
        cap,
        whose,
        limit,
        reserved,
        need,
        resets_text,
        ..
    }) = stage.hold("ana", 1).await
    else {
        panic!("ana's 300 are held")
    };
    assert_eq!(cap, "per-user");
    assert_eq!(whose, "\"per-user\" (user \"ana\")");
    assert_eq!((limit, reserved, need), (NanoUsd(300), NanoUsd(300), NanoUsd(1)));
    assert_eq!(resets_text, "2026-09-22 00:00 UTC");
    assert_eq!(
        stage.purse.held("daily", DAY_MS),
        NanoUsd(300),
        "nothing stays held of the refused call"
    );
    // Everybody else has room of their own, until the cap on all is full.
    for user in ["bob", "eve", ""] {
        let room = if user.is_empty() { 100 } else { 300 };
        std::mem::forget(stage.hold(user, room).await.unwrap());
    }
    let Err(PurseError::CapReached { cap, .. }) = stage.hold("dan", 1).await else {
        panic!("all 1,000 are held")
    };
    assert_eq!(cap, "daily");
    assert_eq!(stage.purse.held("per-user=user:dan", DAY_MS), NanoUsd::ZERO);
}

#[tokio::test]
async fn a_cap_refuses_at_its_own_percentage_and_only_counts_without_one() {
    let mut early = daily(1_000);
    early.steps = vec![CapStep::at(50, CapAction::Refuse)];
    let stage = Stage::with(vec![early]);
    stage.buy("", 500).await.unwrap();
    assert!(stage.buy("", 1).await.is_err());

    let mut watching = daily(1_000);
    watching.steps = vec![CapStep::at(80, CapAction::Notify)];
    let stage = Stage::with(vec![watching]);
    for _ in 0..5 {
        stage.buy("", 900).await.unwrap();
    }
    assert_eq!(
        stage.spent("daily"),
        4_500,
        "it stops nothing and counts everything"
    );
}

#[tokio::test]
async fn values_that_are_forgotten_in_memory_keep_their_count() {
    let mut stage = Stage::with(vec![per_user(10)]);
    stage.purse.most_books = 40;
    let under_way = stage.hold("under way", 7).await.unwrap();
    for number in 0..500 {
        stage.buy(&format!("user {number}"), 9).await.unwrap();
        assert!(stage.purse.books().by_key.len() <= 40);
    }
    let left: i64 = {
        let leases = stage.ledger.leases.lock().unwrap();
        let left = |lease: &super::tests::Lease| lease.granted - lease.returned - lease.spent;
        leases.values().map(left).sum()
    };
    assert!(left <= 40 * 10, "what was forgotten was given back");
    for number in [0, 250, 499] {
        let user = format!("user {number}");
        assert_eq!(stage.spent(&ledger_key("per-user", CapSubject::User, &user)), 9);
        assert!(stage.buy(&user, 2).await.is_err(), "{user} has 1 left");
        stage.buy(&user, 1).await.unwrap();
    }
    stage.ledger.open(&under_way);
    stage.purse.settle(under_way, NanoUsd(7));
}

#[tokio::test]
async fn a_rolling_cap_has_room_again_exactly_when_it_says() {
    let stage = Stage::with(vec![rolling(100, 2)]);
    stage.clock.advance_ms(30 * 60_000);
    stage.buy("", 60).await.unwrap();
    stage.clock.advance_ms(HOUR_MS as u32);
    stage.buy("", 40).await.unwrap();
    // The first hour is 00:00 to 01:00; its 60 stop counting two hours after it ended.
    for (need, expected_ms) in [(1, 3 * HOUR_MS), (60, 3 * HOUR_MS), (61, 4 * HOUR_MS)] {
        let Err(PurseError::CapReached { resets_ms, spent, .. }) = stage.hold("", need).await else {
            panic!("{need}: all 100 are spent")
        };
        assert_eq!((resets_ms - DAY_MS, spent.0), (expected_ms, 100), "{need}");
    }
    stage.clock.set_wall_ms(DAY_MS + 3 * HOUR_MS - 1);
    assert!(stage.buy("", 60).await.is_err());
    stage.clock.set_wall_ms(DAY_MS + 3 * HOUR_MS);
    stage.buy("", 60).await.unwrap();
    assert!(stage.buy("", 1).await.is_err(), "the 40 still count");
    stage.clock.set_wall_ms(DAY_MS + 4 * HOUR_MS);
    stage.buy("", 40).await.unwrap();
}

#[tokio::test]
async fn unspent_leases_of_past_hours_do_not_stand_in_the_way() {
    let stage = Stage::with(vec![rolling(1_000, 24)]);
    stage.buy("", 1).await.unwrap();
    assert_eq!(stage.spent("rolling"), 1);
    stage.clock.advance_ms(HOUR_MS as u32);
    stage.buy("", 999).await.unwrap();
}

#[derive(Debug, Clone)]
enum Op {
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

fn ops() -> impl Strategy<Value = Vec<Op>> {
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
struct World {
    ledger: Arc<Ledger>,
    clocks: Vec<Arc<ManualClock>>,
    purses: Vec<Purse>,
    born: usize,
    open: Vec<Open>,
    events: Vec<Event>,
}

impl World {
    fn new() -> World {
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

    async fn run(&mut self, caps: &[Cap], op: Op) {
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

    fn most_in_a_day(&self, user: Option<usize>) -> i64 {
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
    fn most_in_any(&self, hours: i64) -> i64 {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Whatever several gateways do, crashes and clocks that differ included: no day passes its cap, no user's day passes
    /// theirs, and no span of N hours passes the rolling one.
    #[test]
    fn no_cap_of_a_chain_is_ever_passed(
        limits in (100..900_i64, 50..400_i64, 50..500_i64),
        hours in 1..6_u16,
        percent in 30..=100_u8,
        ops in ops(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut first = daily(limits.0);
        first.steps = vec![CapStep::at(percent, CapAction::Refuse)];
        let caps = [first, per_user(limits.1), rolling(limits.2, hours)];
        let bound = caps[0].refuses_at().unwrap().0;
        let mut world = World::new();
        for op in ops {
            runtime.block_on(world.run(&caps, op));
            prop_assert!(world.most_in_a_day(None) <= bound);
            for (user, name) in USERS.iter().enumerate() {
                prop_assert!(world.most_in_a_day(Some(user)) <= limits.1, "user {}", name);
            }
            prop_assert!(world.most_in_any(i64::from(hours)) <= limits.2);
        }
    }
}
