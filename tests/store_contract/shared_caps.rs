//! Caps that many callers, periods and values share.

use crate::{
    caps::grant,
    sample::{Draw, START_MS, bare, lease, reservation, settled, wish},
};
use std::sync::Arc;
use weir_contract::NanoUsd;
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseKey, LeaseRequest, Store},
};

pub(crate) async fn sixty_four_callers_never_pass_the_limit(store: Arc<dyn Store>) {
    const LIMIT: i64 = 1_000_000;
    let seed = Draw::seeded("sixty_four_callers_never_pass_the_limit").number();
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
