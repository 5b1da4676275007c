//! Clients who leave or stop reading: the task ends, the money is settled, and no gap passes for a whole answer.

use crate::stage::{COST, DAY_START_MS, Play, Stage, call};
use std::time::Duration;
use weir_contract::{NanoUsd, model::request::RequestStatus};
use weir_engine::{
    call::{ReplyBody, StreamItem},
    store::{LedgerStore, RequestStore},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_holds_nothing_up() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.play(Play::Pieces {
        count: 150,
        pause_ms: 0,
    });
    let reply = stage.serve(call("x", true)).await.expect("begins");
    let id = reply.facts.request_id.clone();
    let ReplyBody::Stream(mut events) = reply.body else {
        panic!("a stream was asked for")
    };
    // Nothing is read. The task must end all the same, since a stop waits for it.
    stage.engine.tasks.close();
    tokio::time::timeout(Duration::from_secs(10), stage.engine.tasks.wait())
        .await
        .expect("the task ends");
    let detail = stage.store.get_request(&id).await.unwrap().expect("recorded");
    assert_eq!(detail.row.status, RequestStatus::ClientGone);
    assert_eq!(detail.row.cost_nanousd, COST, "settled from the provider's usage");
    let mut last = None;
    while let Some(item) = events.recv().await {
        last = Some(item);
    }
    assert!(
        matches!(last, Some(StreamItem::Events(_))),
        "an answer with a gap has no proper end"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_left_is_charged_what_was_used() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.play(Play::Answer { after_ms: 1_000 });
    let engine = stage.engine.clone();
    let waiting = tokio::spawn(async move { weir_engine::pipeline::serve(&engine, call("x", false)).await });
    support::eventually("the provider to be asked", || async {
        (stage.calls() == 1).then_some(())
    })
    .await;
    waiting.abort();
    stage.engine.tasks.close();
    stage.engine.tasks.wait().await;
    let balance = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert_eq!(
        (balance.spent_nanousd, balance.reserved_nanousd),
        (COST, NanoUsd::ZERO)
    );
    let rows = stage
        .store
        .list_requests(&Default::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].status, RequestStatus::ClientGone);
}
