//! BUD-6: what is charged when usage is missing, and that an explicit nothing is nothing.

use crate::stage::{COST, DAY_START_MS, Play, Stage, call};
use weir_contract::{
    NanoUsd,
    model::{request::CostBasis, usage::TokenUsage},
};
use weir_engine::{
    pipeline,
    provider::UpstreamErrorKind,
    store::{LedgerStore, RequestStore},
};

async fn spent(stage: &Stage) -> (NanoUsd, NanoUsd, NanoUsd) {
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    (
        balance.spent_nanousd,
        balance.unsettled_nanousd,
        balance.reserved_nanousd,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_6_an_explicit_nothing_is_charged_nothing_and_is_settled() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.fake.uses.lock().unwrap().push_back(TokenUsage::default());
    let reply = stage.serve(call("free", false)).await.unwrap();
    let row = stage
        .store
        .get_request(&reply.facts.request_id)
        .await
        .unwrap()
        .unwrap()
        .row;
    assert_eq!(
        (row.cost_nanousd, row.cost_basis),
        (NanoUsd::ZERO, CostBasis::Settled)
    );
    assert_eq!(spent(&stage).await, (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO));
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_6_a_timeout_is_charged_unsettled_and_never_nothing() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.play(Play::Fail(UpstreamErrorKind::Timeout, None));
    let refusal = stage.serve(call("late", false)).await.map(|_| ()).unwrap_err();
    assert_eq!(refusal.status, 504);
    let (charged, unsettled, reserved) = spent(&stage).await;
    assert!(
        charged > NanoUsd::ZERO && unsettled == charged,
        "{charged} {unsettled}"
    );
    assert_eq!(reserved, NanoUsd::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_6_a_client_that_is_gone_pays_what_the_provider_says() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.play(Play::Answer { after_ms: 1_000 });
    let engine = stage.engine.clone();
    let gone = tokio::spawn(async move { pipeline::serve(&engine, call("gone", false)).await.map(|_| ()) });
    support::eventually("the provider to be asked", || async {
        (stage.calls() == 1).then_some(())
    })
    .await;
    gone.abort();
    stage.engine.tasks.close();
    stage.engine.tasks.wait().await;
    assert_eq!(spent(&stage).await, (COST, NanoUsd::ZERO, NanoUsd::ZERO));
}
