//! Reservations, leases, charges and balances.

use crate::sample::{Draw, START_MS, bare, lease, reservation, settled, wish};
use std::sync::Arc;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{CapBalance, LeaseKey, LeaseRequest, Store},
};

fn balance(spent: i64, unsettled: i64, reserved: i64, committed: i64) -> CapBalance {
    CapBalance {
        spent_nanousd: NanoUsd(spent),
        unsettled_nanousd: NanoUsd(unsettled),
        reserved_nanousd: NanoUsd(reserved),
        committed_nanousd: NanoUsd(committed),
    }
}

async fn stands(store: &Arc<dyn Store>, cap: &str, expected: CapBalance) {
    assert_eq!(store.balance(cap, START_MS).await.unwrap(), expected);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

async fn grant(store: &Arc<dyn Store>, key: &LeaseKey, limit: i64, need: i64, want: i64) -> i64 {
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
    assert_eq!(grant(&store, &lease("day", "b"), 1000, 1, 5000).await, 840);
}

pub(crate) async fn sixty_four_callers_never_pass_the_limit(store: Arc<dyn Store>) {
    const LIMIT: i64 = 1_000_000;
    let seed = Draw::seeded("sixty_four_callers_never_pass_the_limit").next();
    let callers = (0..64_u64).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut draw = Draw::from(seed ^ caller);
            let key = lease("day", &format!("lease {caller}"));
            let (mut granted, mut spent) = (0, 0);
            for turn in 0..12 {
                let need = draw.between(1, 10_000);
                let want = need + draw.between(0, 30_000);
                let got = grant(&store, &key, LIMIT, need, want).await;
                assert!(
                    got == 0 || (need..=want).contains(&got),
                    "{got} of {need}..{want}"
                );
                granted += got;
                let out = store.balance("day", START_MS).await.unwrap();
                assert!(out.committed_nanousd.0 <= LIMIT, "{out:?}");
                let mut free = granted - spent;
                if free > 0 && draw.chance(70) {
                    let amount = draw.between(1, free + 1);
                    let open = reservation(
                        &draw.row(START_MS + turn),
                        "g",
                        amount,
                        std::slice::from_ref(&key),
                    );
                    store.open_reservation(open.clone()).await.unwrap();
                    let actual = draw.between(0, amount + 1);
                    store
                        .record(settled(&open, actual, draw.chance(80)))
                        .await
                        .unwrap();
                    spent += actual;
                    free -= actual;
                }
                if free > 0 && draw.chance(20) {
                    let back = draw.between(1, free + 1);
                    store.return_lease(&key, NanoUsd(back)).await.unwrap();
                    granted -= back;
                }
            }
            (granted, spent)
        })
    });
    let (mut granted, mut spent) = (0, 0);
    for caller in callers.collect::<Vec<_>>() {
        let (more_granted, more_spent) = caller.await.unwrap();
        granted += more_granted;
        spent += more_spent;
    }
    let out = store.balance("day", START_MS).await.unwrap();
    assert_eq!((out.committed_nanousd.0, out.spent_nanousd.0), (granted, spent));
    assert!(granted <= LIMIT && granted > LIMIT / 2, "{granted} granted");
    assert_eq!(out.reserved_nanousd.0, 0);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
    // A request that bought nothing leaves the balance alone.
    store.record(bare(Draw::from(seed).row(START_MS))).await.unwrap();
    assert_eq!(store.balance("day", START_MS).await.unwrap(), out);
}

/// Hours of a rolling period count together, whichever of them a grant is for, and others do not.
pub(crate) async fn periods_that_count_together_share_one_limit(store: Arc<dyn Store>) {
    const HOUR_MS: i64 = 3_600_000;
    let ask = async |hour: i64, lease_id: &str, want: i64| {
        let start_ms = START_MS + hour * HOUR_MS;
        let key = LeaseKey {
            period_start_ms: start_ms,
            ..lease("rolling", lease_id)
        };
        let counted = CountedStarts {
            first_ms: start_ms - 2 * HOUR_MS,
            last_ms: start_ms + 2 * HOUR_MS,
        };
        let request = LeaseRequest {
            counted,
            ..wish(&key, "g", 1_000, 1, want)
        };
        store.acquire_lease(request).await.unwrap().0
    };
    assert_eq!(ask(0, "a", 400).await, 400);
    assert_eq!(ask(2, "a", 500).await, 500);
    assert_eq!(ask(1, "b", 900).await, 100, "both neighbours count");
    assert_eq!(ask(0, "late", 1).await, 0, "a late grant sees the hours after it");
    assert_eq!(ask(3, "a", 900).await, 400, "the first hour counts no more");
    assert_eq!(ask(9, "a", 2_000).await, 1_000);
    let all = CountedStarts {
        first_ms: START_MS,
        last_ms: START_MS + 9 * HOUR_MS,
    };
    let found = store.balances("rolling", all).await.unwrap();
    let committed: Vec<(i64, i64)> = found
        .iter()
        .map(|(start_ms, out)| ((start_ms - START_MS) / HOUR_MS, out.committed_nanousd.0))
        .collect();
    assert_eq!(committed, [(0, 400), (1, 100), (2, 500), (3, 400), (9, 1_000)]);
    assert_eq!(store.balances("roll", all).await.unwrap(), []);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}

/// The values of a cap are found by the beginning of their name, whatever else they hold, and sorted by what they spent.
pub(crate) async fn the_largest_values_of_a_cap_come_first(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("the_largest_values_of_a_cap_come_first");
    let names = [
        ("c=user:ana", 30),
        ("c=user:%", 10),
        ("c=user:\u{10ffff}ü", 20),
        ("c=user:", 5),
        ("c=user#ff", 7),
        ("c=team:ana", 90),
        ("c", 80),
        ("cc=user:ana", 70),
    ];
    for (name, amount) in names {
        let key = lease(name, "a");
        assert_eq!(grant(&store, &key, 1_000, 100, 100).await, 100);
        let open = reservation(&draw.row(START_MS), "g", 100, &[key]);
        store.open_reservation(open.clone()).await.unwrap();
        store.record(settled(&open, amount, true)).await.unwrap();
    }
    let now = CountedStarts::only(START_MS);
    let top = async |most| {
        let found = store.top_balances("c=user", now, most).await.unwrap();
        let spent = found.into_iter().map(|(name, out)| (name, out.spent_nanousd.0));
        spent.collect::<Vec<_>>()
    };
    let expected = [
        ("c=user:ana", 30),
        ("c=user:\u{10ffff}ü", 20),
        ("c=user:%", 10),
        ("c=user#ff", 7),
        ("c=user:", 5),
    ];
    let expected = expected.map(|(name, spent)| (name.to_owned(), spent));
    assert_eq!(top(20).await, expected);
    assert_eq!(top(2).await, expected[..2]);
    let later = CountedStarts::only(START_MS + 1);
    assert_eq!(store.top_balances("c=user", later, 20).await.unwrap(), []);
}
