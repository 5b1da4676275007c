//! What is done for a gateway that died.

use crate::sample::{Draw, START_MS, lease, reservation, settled, wish};
use std::sync::Arc;
use weir_contract::{NanoUsd, model::request::CostBasis};
use weir_engine::store::Store;

/// BUD-6: a crash is charged at the reserved amounts, unsettled.
pub(crate) async fn open_reservations_are_charged_once(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("open_reservations_are_charged_once");
    let key = lease("day", "a");
    store.beat("g", START_MS).await.unwrap();
    store.acquire_lease(wish(&key, "g", 1000, 1, 600)).await.unwrap();
    let finished = reservation(&draw.row(START_MS), "g", 50, std::slice::from_ref(&key));
    store.open_reservation(finished.clone()).await.unwrap();
    store.record(settled(&finished, 20, true)).await.unwrap();
    let open = reservation(&draw.row(START_MS + 1), "g", 70, std::slice::from_ref(&key));
    store.open_reservation(open.clone()).await.unwrap();
    // Two attempts of one request become one row that costs both.
    let mut first = reservation(&draw.row(START_MS + 2), "g", 100, std::slice::from_ref(&key));
    store.open_reservation(first.clone()).await.unwrap();
    let row = first.row.clone();
    first.id = format!("{}-2", row.id);
    first.amount_nanousd = NanoUsd(30);
    store.open_reservation(first).await.unwrap();

    assert_eq!(
        store
            .recover_dead_gateways(START_MS + 1, START_MS + 500)
            .await
            .unwrap(),
        3
    );
    let written = store.get_request(&open.row.id).await.unwrap().unwrap().row;
    assert_eq!(
        (written.cost_nanousd, written.cost_basis),
        (NanoUsd(70), CostBasis::Unsettled)
    );
    let both = store.get_request(&row.id).await.unwrap().unwrap().row;
    assert_eq!(both.cost_nanousd, NanoUsd(130));
    let balance = store.balance("day", START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd, NanoUsd(220));
    assert_eq!(balance.unsettled_nanousd, NanoUsd(200));
    assert_eq!(balance.reserved_nanousd, NanoUsd(0));
    assert_eq!(
        balance.committed_nanousd,
        NanoUsd(220),
        "the rest of the lease is free again"
    );
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);

    assert_eq!(
        store
            .recover_dead_gateways(START_MS + 1, START_MS + 900)
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.balance("day", START_MS).await.unwrap(), balance);
}

pub(crate) async fn the_living_are_left_alone(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("the_living_are_left_alone");
    let key = lease("day", "a");
    store.beat("g", START_MS).await.unwrap();
    store.beat("g", START_MS + 100).await.unwrap();
    store.beat("g", START_MS + 50).await.unwrap();
    store.acquire_lease(wish(&key, "g", 1000, 1, 600)).await.unwrap();
    store
        .open_reservation(reservation(&draw.row(START_MS), "g", 70, &[key]))
        .await
        .unwrap();
    let before = store.balance("day", START_MS).await.unwrap();
    assert_eq!(
        store
            .recover_dead_gateways(START_MS + 100, START_MS + 100)
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.balance("day", START_MS).await.unwrap(), before);
}

pub(crate) async fn a_gateway_that_never_beat_is_recovered(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_gateway_that_never_beat_is_recovered");
    let open = reservation(&draw.row(START_MS), "unheard of", 70, &[]);
    store.open_reservation(open.clone()).await.unwrap();
    assert_eq!(store.recover_dead_gateways(START_MS, START_MS).await.unwrap(), 0);
    assert_eq!(
        store.recover_dead_gateways(START_MS + 1, START_MS).await.unwrap(),
        1
    );
    let row = store.get_request(&open.row.id).await.unwrap().unwrap().row;
    assert_eq!(row.cost_nanousd, NanoUsd(70));
}

pub(crate) async fn a_late_record_changes_nothing(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("a_late_record_changes_nothing");
    let open = reservation(&draw.row(START_MS), "g", 70, &[lease("day", "a")]);
    store.beat("g", START_MS).await.unwrap();
    store.open_reservation(open.clone()).await.unwrap();
    store
        .recover_dead_gateways(START_MS + 1, START_MS + 1)
        .await
        .unwrap();
    let before = store.balance("day", START_MS).await.unwrap();
    store.record(settled(&open, 5, true)).await.unwrap();
    store.open_reservation(open).await.unwrap();
    assert_eq!(store.balance("day", START_MS).await.unwrap(), before);
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);
}
