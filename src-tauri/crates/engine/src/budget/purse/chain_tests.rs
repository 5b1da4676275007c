//! Several caps at once, each value on its own, and rolling hours: several gateways against one ledger in memory.
#![allow(clippy::unwrap_used)]

use super::{
    Held, Purse, PurseError,
    chain_world::{HOUR_MS, USERS, World, ops, per_user, rolling},
    ledger_in_memory::{DAY_MS, Ledger, counted, daily},
};
use crate::{
    budget::{counted::ledger_key, period::CountedStarts},
    clock::{Clock, ManualClock},
};
use proptest::prelude::*;
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapAction, CapStep, CapSubject},
};

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
        let left = |lease: &super::ledger_in_memory::Lease| lease.granted - lease.returned - lease.spent;
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
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
