//! Caps while the store is cut off: they fail closed and say so, or let calls pass and charge them when it is back.

use crate::stage::{COST, DAY_START_MS, Stage, call, daily};
use std::sync::atomic::Ordering;
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapManner, StoreAway},
        request::RequestStatus,
    },
};
use weir_engine::{
    call::RefusalCode,
    store::{LedgerStore, RequestStore},
};

fn open() -> Cap {
    Cap {
        name: "open".into(),
        manner: CapManner {
            when_store_is_away: StoreAway::Allow,
            ..CapManner::default()
        },
        ..daily(NanoUsd(NanoUsd::PER_USD))
    }
}

async fn refused(stage: &Stage, text: &str) -> String {
    let refusal = stage.serve(call(text, false)).await.map(|_| ()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::StoreUnavailable);
    refusal.message
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_nothing_is_bought_and_the_refusal_names_the_cap() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    let kept = call("kept", false);
    stage.serve(call("kept", false)).await.map(|_| ()).unwrap();
    stage.flaky.is_away.store(true, Ordering::SeqCst);
    for text in ["one", "two"] {
        let message = refused(&stage, text).await;
        for part in [
            "\"daily\"",
            "refuses while the store is away",
            "cut off",
            "cached answers",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    assert_eq!(stage.calls(), 1, "nothing was bought");
    // What is cached is still served.
    stage.serve(kept).await.map(|_| ()).unwrap();
    stage.flaky.is_away.store(false, Ordering::SeqCst);
    stage.serve(call("three", false)).await.map(|_| ()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_that_fails_open_lets_calls_pass_and_charges_them_when_the_store_is_back() {
    let stage = Stage::new(NanoUsd(1)).await;
    stage.set_caps(vec![open()]);
    stage.serve(call("before", false)).await.map(|_| ()).unwrap();
    stage.flaky.is_away.store(true, Ordering::SeqCst);
    let reply = stage.serve(call("during", false)).await.unwrap();
    let id = reply.facts.request_id;
    assert_eq!(stage.calls(), 2);
    assert!(stage.store.get_request(&id).await.unwrap().is_none());
    stage.flaky.is_away.store(false, Ordering::SeqCst);
    stage.engine.record_again().await.unwrap();
    let detail = stage.store.get_request(&id).await.unwrap().expect("recorded");
    assert_eq!(
        (detail.row.status, detail.row.cost_nanousd),
        (RequestStatus::Ok, COST)
    );
    assert!(
        detail
            .trace
            .iter()
            .any(|step| step.decision.contains("lets it pass")),
        "{:#?}",
        detail.trace
    );
    let balance = stage.store.balance("open", DAY_START_MS).await.unwrap();
    assert_eq!(balance.spent_nanousd, NanoUsd(2 * COST.0), "nothing is dropped");
    assert_eq!(balance.reserved_nanousd, NanoUsd::ZERO);
    assert_eq!(stage.store.check_ledger().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cap_that_fails_closed_decides_for_all() {
    let stage = Stage::new(NanoUsd(1)).await;
    stage.set_caps(vec![open(), daily(NanoUsd(NanoUsd::PER_USD))]);
    stage.flaky.is_away.store(true, Ordering::SeqCst);
    let message = refused(&stage, "one").await;
    assert!(
        message.contains("\"daily\"") && !message.contains("\"open\""),
        "{message}"
    );
    assert_eq!(stage.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_that_fails_open_still_refuses_what_does_not_fit_while_the_store_is_there() {
    let stage = Stage::new(NanoUsd(1)).await;
    let small = Cap {
        limit_nanousd: NanoUsd(1_000),
        ..open()
    };
    stage.set_caps(vec![small]);
    let refusal = stage.serve(call("one", false)).await.map(|_| ()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CapReached);
    assert_eq!(stage.calls(), 0);
}
