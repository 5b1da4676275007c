//! What a cap's manner changes: what is held for a call, and what happens while the store is away.
#![allow(clippy::unwrap_used)]

use super::{
    Held, Purse, PurseError,
    ledger_in_memory::{DAY_MS, Ledger, counted, daily},
};
use crate::{
    budget::need::Need,
    clock::{Clock, ManualClock},
};
use std::sync::{Arc, atomic::Ordering};
use weir_contract::{
    NanoUsd,
    model::cap::{Cap, CapManner, CapMode, StoreAway},
};

fn balanced(limit: i64) -> Cap {
    Cap {
        name: "balanced".into(),
        manner: CapManner {
            mode: CapMode::Balanced,
            ..CapManner::default()
        },
        ..daily(limit)
    }
}

fn open(limit: i64) -> Cap {
    Cap {
        name: "open".into(),
        manner: CapManner {
            when_store_is_away: StoreAway::Allow,
            ..CapManner::default()
        },
        ..daily(limit)
    }
}

fn need(hard_bound: i64, careful: i64) -> Need {
    Need::new(NanoUsd(hard_bound), NanoUsd(careful))
}

struct Stage {
    ledger: Arc<Ledger>,
    clock: Arc<ManualClock>,
    purse: Purse,
}

impl Stage {
    fn new() -> Stage {
        let ledger = Arc::new(Ledger::default());
        let clock = Arc::new(ManualClock::at_ms(DAY_MS));
        Stage {
            purse: Purse::new("one", ledger.clone(), clock.clone()),
            ledger,
            clock,
        }
    }
    async fn hold(&self, caps: &[Cap], need: Need) -> Result<Held, PurseError> {
        let chain = counted(caps, "");
        self.purse.hold(&chain, need, self.clock.now_ms()).await
    }
}

#[tokio::test]
async fn each_cap_of_a_chain_holds_by_its_own_mode() {
    let stage = Stage::new();
    let caps = [daily(1_000), balanced(1_000)];
    let held = stage.hold(&caps, need(300, 20)).await.unwrap();
    assert_eq!((held.amount, held.hard_bound), (NanoUsd(300), NanoUsd(300)));
    let parts = held.held_leases();
    let amounts: Vec<_> = parts.iter().map(|part| part.amount_nanousd).collect();
    assert_eq!(amounts, [Some(NanoUsd(300)), Some(NanoUsd(20))]);
    assert_eq!(stage.purse.held("daily", DAY_MS), NanoUsd(300));
    assert_eq!(stage.purse.held("balanced", DAY_MS), NanoUsd(20));
    // A call that costs more than was held is charged whole, from what is free of the lease first.
    stage.purse.settle(held, NanoUsd(250));
    assert_eq!(stage.purse.held("balanced", DAY_MS), NanoUsd::ZERO);
    let refused = stage.hold(&[balanced(1_000)], need(10_000, 1_001)).await;
    assert!(matches!(
        refused,
        Err(PurseError::CapReached {
            need: NanoUsd(1_001),
            ..
        })
    ));
}

#[tokio::test]
async fn an_estimate_above_the_bound_is_the_bound() {
    assert_eq!(need(5, 9), need(5, 5));
    let stage = Stage::new();
    let held = stage.hold(&[balanced(5)], need(5, 9)).await.unwrap();
    assert_eq!(held.amount, NanoUsd(5));
}

#[tokio::test]
async fn while_the_store_is_away_only_caps_that_fail_open_let_calls_pass() {
    let stage = Stage::new();
    stage.ledger.is_away.store(true, Ordering::SeqCst);
    let closed = stage.hold(&[daily(1_000)], need(1, 1)).await;
    assert!(matches!(closed, Err(PurseError::Store(_))));
    let held = stage.hold(&[open(1_000)], need(700, 700)).await.unwrap();
    assert!(held.is_unguarded() && stage.purse.still_holds(&held));
    assert_eq!(stage.purse.held("open", DAY_MS), NanoUsd::ZERO);
    assert_eq!(held.leases().len(), 1, "it is charged when the store is back");
    // One that fails closed decides for the chain, whatever stands beside it, and nothing stays held.
    for caps in [[open(1_000), daily(1_000)], [daily(1_000), open(1_000)]] {
        assert!(stage.hold(&caps, need(1, 1)).await.is_err());
    }
    stage.purse.settle(held, NanoUsd(700));
}

#[tokio::test]
async fn what_is_leased_is_still_held_while_the_store_is_away() {
    let stage = Stage::new();
    // The first call leases a fiftieth, of which the second one takes its part.
    let first = stage.hold(&[open(1_000)], need(1, 1)).await.unwrap();
    stage.ledger.is_away.store(true, Ordering::SeqCst);
    let second = stage.hold(&[open(1_000)], need(19, 19)).await.unwrap();
    assert!(!second.is_unguarded());
    let third = stage.hold(&[open(1_000)], need(1, 1)).await.unwrap();
    assert!(third.is_unguarded());
    // A cap that is full refuses: the store is there and says so.
    stage.ledger.is_away.store(false, Ordering::SeqCst);
    let refused = stage.hold(&[open(20)], need(1, 1)).await;
    assert!(
        matches!(refused, Err(PurseError::CapReached { .. })),
        "{refused:?}"
    );
    for held in [first, second, third] {
        stage.purse.settle(held, NanoUsd::ZERO);
    }
}
