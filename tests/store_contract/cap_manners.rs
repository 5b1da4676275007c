//! What balanced caps hold and how far they can be passed, and leases that are asked back.

use crate::{
    caps::grant,
    sample::{Draw, START_MS, lease, reservation, settled, wish},
};
use std::sync::Arc;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{HeldLease, OpenReservation, Store},
};

fn now() -> CountedStarts {
    CountedStarts::only(START_MS)
}

/// A call that a strict and a balanced cap count: the one holds all 300 that it can cost, the other 20.
fn mixed(draw: &mut Draw) -> OpenReservation {
    let (strict, balanced) = (lease("strict", "s"), lease("balanced", "b"));
    let held = |key, amount| HeldLease {
        key,
        amount_nanousd: Some(NanoUsd(amount)),
    };
    OpenReservation {
        leases: vec![held(strict, 300), held(balanced, 20)],
        ..reservation(&draw.row(START_MS), "g", 300, &[])
    }
}

async fn reserved(store: &Arc<dyn Store>) -> [i64; 2] {
    let strict = store.balance("strict", START_MS).await.unwrap();
    let balanced = store.balance("balanced", START_MS).await.unwrap();
    [strict.reserved_nanousd.0, balanced.reserved_nanousd.0]
}

pub(crate) async fn each_cap_holds_its_own_amount(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("each_cap_holds_its_own_amount");
    assert_eq!(grant(&store, &lease("balanced", "b"), 1_000, 1, 100).await, 100);
    let open = mixed(&mut draw);
    store.open_reservation(open.clone()).await.unwrap();
    assert_eq!(reserved(&store).await, [300, 20]);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
    // What is free of the lease is what this cap does not hold.
    let back = store
        .return_lease(&lease("balanced", "b"), NanoUsd(100))
        .await
        .unwrap();
    assert_eq!(
        (back.taken_nanousd, back.reserved_nanousd),
        (NanoUsd(80), NanoUsd(20))
    );
    store.record(settled(&open, 250, true)).await.unwrap();
    assert_eq!(reserved(&store).await, [0, 0]);
    let balance = store.balance("balanced", START_MS).await.unwrap();
    assert_eq!((balance.spent_nanousd.0, balance.overspent_nanousd.0), (250, 230));
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
    // So the next lease has less room.
    assert_eq!(grant(&store, &lease("balanced", "c"), 1_000, 1, 5_000).await, 750);
}

pub(crate) async fn what_calls_may_cost_beyond_is_told_by_cap(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("what_calls_may_cost_beyond_is_told_by_cap");
    assert_eq!(store.open_beyond("balanced", now()).await.unwrap(), NanoUsd::ZERO);
    let (one, other) = (mixed(&mut draw), mixed(&mut draw));
    for open in [&one, &other] {
        store.open_reservation(open.clone()).await.unwrap();
    }
    assert_eq!(store.open_beyond("balanced", now()).await.unwrap(), NanoUsd(560));
    assert_eq!(store.open_beyond("strict", now()).await.unwrap(), NanoUsd::ZERO);
    let later = CountedStarts::only(START_MS + 1);
    assert_eq!(store.open_beyond("balanced", later).await.unwrap(), NanoUsd::ZERO);
    store.record(settled(&one, 300, true)).await.unwrap();
    assert_eq!(store.open_beyond("balanced", now()).await.unwrap(), NanoUsd(280));
    // A gateway that dies is charged what it held, and nothing is open any more.
    store
        .recover_dead_gateways(i64::MAX, START_MS + 500)
        .await
        .unwrap();
    assert_eq!(store.open_beyond("balanced", now()).await.unwrap(), NanoUsd::ZERO);
    assert_eq!(reserved(&store).await, [0, 0]);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

pub(crate) async fn a_recall_reaches_the_others_once(store: Arc<dyn Store>) {
    for gateway in ["one", "two"] {
        let key = lease("day", gateway);
        let wish = wish(&key, gateway, 1_000, 1, 100);
        assert_eq!(store.acquire_lease(wish).await.unwrap(), NanoUsd(100));
    }
    assert_eq!(store.recalled_leases(0).await.unwrap(), vec![]);
    assert!(store.recall_leases("day", now(), "one").await.unwrap());
    let recalls = store.recalled_leases(0).await.unwrap();
    assert_eq!(recalls.len(), 1);
    assert_eq!(
        (recalls[0].cap.as_str(), recalls[0].gateway_id.as_str()),
        ("day", "one")
    );
    let seen = recalls[0].seq;
    assert_eq!(store.recalled_leases(seen).await.unwrap(), vec![]);
    // Asked again, it is new to whoever saw the one before.
    assert!(store.recall_leases("day", now(), "two").await.unwrap());
    let recalls = store.recalled_leases(seen).await.unwrap();
    assert_eq!(recalls.len(), 1);
    assert_eq!(recalls[0].gateway_id, "two");
    assert_eq!(
        store.recalled_leases(0).await.unwrap().len(),
        1,
        "of one cap only the last is kept"
    );
}

pub(crate) async fn nobody_is_asked_who_has_nothing(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("nobody_is_asked_who_has_nothing");
    let key = lease("day", "two");
    store
        .acquire_lease(wish(&key, "two", 1_000, 1, 100))
        .await
        .unwrap();
    assert!(
        !store.recall_leases("day", now(), "two").await.unwrap(),
        "it is its own"
    );
    assert!(!store.recall_leases("month", now(), "one").await.unwrap());
    let open = reservation(&draw.row(START_MS), "two", 100, std::slice::from_ref(&key));
    store.open_reservation(open.clone()).await.unwrap();
    assert!(
        !store.recall_leases("day", now(), "one").await.unwrap(),
        "all of it is held"
    );
    store.record(settled(&open, 40, true)).await.unwrap();
    assert!(store.recall_leases("day", now(), "one").await.unwrap());
    // The dead are not waited for.
    store
        .recover_dead_gateways(i64::MAX, START_MS + 500)
        .await
        .unwrap();
    assert!(!store.recall_leases("day", now(), "one").await.unwrap());
}
