//! Money: caps that are lowered while they are spent, failures that cost nothing, and the ledger behind them.

use crate::stage::{COST, DAY_START_MS, NOW_MS, Play, Stage, call, daily};
use std::sync::atomic::Ordering;
use weir_contract::NanoUsd;
use weir_engine::{
    call::RefusalCode,
    provider::UpstreamErrorKind,
    store::{LedgerStore, RequestStore},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_lowered_cap_holds_from_the_next_call() {
    let stage = Stage::new(NanoUsd(100 * NanoUsd::PER_USD)).await;
    stage.serve(call("one", false)).await.map(|_| ()).unwrap();
    // The lease in memory still has nearly two dollars; the new cap has room for nothing.
    stage.set_limit(NanoUsd(COST.0 + 1));
    let refusal = stage
        .serve(call("two", false))
        .await
        .map(|_| ())
        .expect_err("the cap is reached");
    assert_eq!(refusal.code, RefusalCode::CapReached);
    assert_eq!(stage.calls(), 1, "nothing was bought past the cap");
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert_eq!(
        (balance.spent_nanousd, balance.reserved_nanousd),
        (COST, NanoUsd::ZERO)
    );
    // Raised again, it has room again.
    stage.set_limit(NanoUsd(100 * NanoUsd::PER_USD));
    stage.serve(call("two", false)).await.map(|_| ()).unwrap();
    assert_eq!(stage.store.check_ledger().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_gives_back_all_that_was_not_spent() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    for number in 0..5 {
        stage
            .serve(call(&format!("call {number}"), false))
            .await
            .map(|_| ())
            .unwrap();
    }
    let caps = [daily(NanoUsd(NanoUsd::PER_USD))];
    stage.engine.purse.give_back(&caps, NOW_MS, true).await.unwrap();
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd, NanoUsd(5 * COST.0));
    assert_eq!(balance.committed_nanousd, balance.spent_nanousd);
    assert_eq!(balance.reserved_nanousd, NanoUsd::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_or_a_408_is_not_charged_and_a_lost_answer_is() {
    use UpstreamErrorKind::{Malformed, Timeout};
    // A fresh stage for each, since a breaker opens after a few failures.
    for (kind, status, charges) in [
        (Malformed, Some(301), false),
        (Timeout, Some(408), false),
        (Malformed, None, true),
    ] {
        let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
        stage.play(Play::Fail(kind, status));
        let refusal = stage
            .serve(call("x", false))
            .await
            .map(|_| ())
            .expect_err("failed");
        let charged = refusal.facts.cost_nanousd.unwrap();
        assert_eq!(charged > NanoUsd::ZERO, charges, "{kind:?} {status:?}");
        let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
        assert_eq!(balance.spent_nanousd, charged);
        assert_eq!(balance.unsettled_nanousd, charged);
        assert_eq!(balance.reserved_nanousd, NanoUsd::ZERO, "nothing stays held");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_the_store_would_not_take_is_recorded_later() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.flaky.refuses_records.store(true, Ordering::SeqCst);
    let reply = stage
        .serve(call("x", false))
        .await
        .expect("the answer is not held back");
    let id = reply.facts.request_id;
    assert!(stage.engine.store_is_broken());
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert!(balance.reserved_nanousd > COST, "held until it is written down");
    assert!(
        stage.engine.record_again().await.is_err(),
        "still refused, still kept"
    );

    stage.flaky.refuses_records.store(false, Ordering::SeqCst);
    stage.engine.record_again().await.unwrap();
    assert!(stage.store.get_request(&id).await.unwrap().is_some());
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert_eq!(
        (balance.spent_nanousd, balance.reserved_nanousd),
        (COST, NanoUsd::ZERO)
    );
    assert!(!stage.engine.store_is_broken());
}
