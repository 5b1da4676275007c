//! Reservations, leases, charges and balances.

use crate::sample::{Draw, START_MS, lease, reservation, settled, wish};
use std::sync::Arc;
use weir_contract::NanoUsd;
use weir_engine::store::{CapBalance, LeaseKey, Store};

fn balance(spent: i64, unsettled: i64, reserved: i64, committed: i64) -> CapBalance {
    CapBalance {
        spent_nanousd: NanoUsd(spent),
        unsettled_nanousd: NanoUsd(unsettled),
        reserved_nanousd: NanoUsd(reserved),
        committed_nanousd: NanoUsd(committed),
        overspent_nanousd: NanoUsd::ZERO,
    }
}

async fn stands(store: &Arc<dyn Store>, cap: &str, expected: CapBalance) {
    let found = store.balance(cap, START_MS).await.unwrap();
    let found = CapBalance {
        // Told of by the test that overspends.
        overspent_nanousd: NanoUsd::ZERO,
        ..found
    };
    assert_eq!(found, expected);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

pub(crate) async fn grant(store: &Arc<dyn Store>, key: &LeaseKey, limit: i64, need: i64, want: i64) -> i64 {
    store
        .acquire_lease(wish(key, "g", limit, need, want))
        .await
        .unwrap()
        .0
}

async fn stands_at_reserved(store: &Arc<dyn Store>, reserved: i64) {
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.reserved_nanousd, NanoUsd(reserved));
}

pub(crate) async fn reserve_settle_balance(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("reserve_settle_balance");
    let key = lease("day", "l1");
    stands(&store, "day", CapBalance::default()).await;
    assert_eq!(grant(&store, &key, 1000, 1, 500).await, 500);
    stands(&store, "day", balance(0, 0, 0, 500)).await;

    let first = reservation(&draw.row(START_MS), "g", 100, std::slice::from_ref(&key));
    let second = reservation(&draw.row(START_MS), "g", 200, std::slice::from_ref(&key));
    store.open_reservation(first.clone()).await.unwrap();
    store.open_reservation(second.clone()).await.unwrap();
    stands(&store, "day", balance(0, 0, 300, 500)).await;

    store.record(settled(&first, 40, true)).await.unwrap();
    stands(&store, "day", balance(40, 0, 200, 500)).await;
    store.record(settled(&second, 250, false)).await.unwrap();
    stands(&store, "day", balance(290, 250, 0, 500)).await;
    // Another period is another count.
    assert_eq!(
        store.balance("day", START_MS + 1).await.unwrap(),
        CapBalance::default()
    );
}

pub(crate) async fn opening_twice_is_opening_once(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("opening_twice_is_opening_once");
    let key = lease("day", "l1");
    let open = reservation(&draw.row(START_MS), "g", 100, &[key]);
    let again = (0..10).map(|_| store.open_reservation(open.clone()));
    for outcome in futures::future::join_all(again).await {
        outcome.unwrap();
    }
    stands(&store, "day", balance(0, 0, 100, 0)).await;
}

pub(crate) async fn opening_after_recording_holds_nothing(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("opening_after_recording_holds_nothing");
    let open = reservation(&draw.row(START_MS), "g", 100, &[lease("day", "l1")]);
    store.open_reservation(open.clone()).await.unwrap();
    store.record(settled(&open, 10, true)).await.unwrap();
    store.open_reservation(open).await.unwrap();
    stands(&store, "day", balance(10, 0, 0, 0)).await;
}

pub(crate) async fn one_call_counts_against_several_caps(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("one_call_counts_against_several_caps");
    let keys = [lease("day", "a"), lease("month", "b")];
    assert_eq!(grant(&store, &keys[0], 1000, 1, 100).await, 100);
    assert_eq!(grant(&store, &keys[1], 9000, 1, 700).await, 700);
    let open = reservation(&draw.row(START_MS), "g", 90, &keys);
    store.open_reservation(open.clone()).await.unwrap();
    store.record(settled(&open, 30, true)).await.unwrap();
    stands(&store, "day", balance(30, 0, 0, 100)).await;
    stands(&store, "month", balance(30, 0, 0, 700)).await;
    // Two leases of one cap are still one call.
    let twice = [lease("day", "a"), lease("day", "other")];
    let open = reservation(&draw.row(START_MS), "g", 20, &twice);
    store.open_reservation(open.clone()).await.unwrap();
    stands_at_reserved(&store, 20).await;
    store.record(settled(&open, 0, true)).await.unwrap();
    stands_at_reserved(&store, 0).await;
    // Without a cap nothing is counted, and the request is still recorded.
    let free = reservation(&draw.row(START_MS), "g", 90, &[]);
    store.open_reservation(free.clone()).await.unwrap();
    store.record(settled(&free, 30, true)).await.unwrap();
    assert!(store.get_request(&free.row.id).await.unwrap().is_some());
    stands(&store, "day", balance(30, 0, 0, 100)).await;
}

pub(crate) async fn a_lease_is_granted_whole_or_not_at_all(store: Arc<dyn Store>) {
    let (a, b) = (lease("day", "a"), lease("day", "b"));
    assert_eq!(grant(&store, &a, 1000, 10, 700).await, 700);
    assert_eq!(grant(&store, &b, 1000, 301, 400).await, 0);
    assert_eq!(grant(&store, &b, 1000, 300, 400).await, 300);
    assert_eq!(grant(&store, &b, 1000, 1, 1).await, 0);
    stands(&store, "day", balance(0, 0, 0, 1000)).await;
    // A limit that was lowered below what is out grants nothing; one that was raised grants the difference.
    assert_eq!(grant(&store, &a, 500, 1, 10).await, 0);
    assert_eq!(grant(&store, &a, 1005, 1, 10).await, 5);
    assert_eq!(grant(&store, &lease("none", "a"), 0, 1, 10).await, 0);
}

pub(crate) async fn the_same_lease_grows(store: Arc<dyn Store>) {
    let key = lease("day", "a");
    assert_eq!(grant(&store, &key, 1000, 1, 100).await, 100);
    assert_eq!(grant(&store, &key, 1000, 1, 100).await, 100);
    stands(&store, "day", balance(0, 0, 0, 200)).await;
    store.return_lease(&key, NanoUsd(200)).await.unwrap();
    stands(&store, "day", balance(0, 0, 0, 0)).await;
}

pub(crate) async fn a_return_gives_back_only_what_is_unspent(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_return_gives_back_only_what_is_unspent");
    let key = lease("day", "a");
    assert_eq!(grant(&store, &key, 1000, 1, 500).await, 500);
    let spent = reservation(&draw.row(START_MS), "g", 100, std::slice::from_ref(&key));
    store.open_reservation(spent.clone()).await.unwrap();
    store.record(settled(&spent, 80, true)).await.unwrap();
    let held = reservation(&draw.row(START_MS), "g", 50, std::slice::from_ref(&key));
    store.open_reservation(held).await.unwrap();

    let back = async |key: &LeaseKey, amount| {
        let returned = store.return_lease(key, NanoUsd(amount)).await.unwrap();
        (returned.taken_nanousd.0, returned.reserved_nanousd.0)
    };
    assert_eq!(back(&key, 70).await, (70, 50));
    stands(&store, "day", balance(80, 0, 50, 430)).await;
    assert_eq!(
        back(&key, 10_000).await,
        (300, 50),
        "the rest, and what may come later"
    );
    stands(&store, "day", balance(80, 0, 50, 130)).await;
    assert_eq!(back(&key, 1).await, (0, 50));
    assert_eq!(back(&key, -5).await, (0, 50));
    assert_eq!(back(&lease("day", "unknown"), 5).await, (0, 0));
    stands(&store, "day", balance(80, 0, 50, 130)).await;
    assert_eq!(grant(&store, &lease("day", "b"), 1000, 1, 5000).await, 870);
}

pub(crate) async fn overspending_a_lease_takes_room_from_the_next(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("overspending_a_lease_takes_room_from_the_next");
    let key = lease("day", "a");
    assert_eq!(grant(&store, &key, 1000, 1, 100).await, 100);
    let open = reservation(&draw.row(START_MS), "g", 100, &[key]);
    store.open_reservation(open.clone()).await.unwrap();
    store.record(settled(&open, 160, true)).await.unwrap();
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.overspent_nanousd, NanoUsd(60));
    assert_eq!(grant(&store, &lease("day", "b"), 1000, 1, 5000).await, 840);
}
