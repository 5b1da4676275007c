//! Single flight: identical calls at once are one call to the provider, whoever comes when.

use crate::stage::{Play, Stage, call};
use std::{sync::Arc, time::Duration};
use weir_contract::NanoUsd;
use weir_engine::{call::ReplyBody, pipeline};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_identical_calls_buy_one_answer_however_fast_it_comes() {
    for round in 0..5 {
        let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
        let calls: Vec<_> = (0..1_000)
            .map(|_| {
                let engine = stage.engine.clone();
                tokio::spawn(async move {
                    pipeline::serve(&engine, call("the same", false))
                        .await
                        .map(|_| ())
                })
            })
            .collect();
        for one in calls {
            one.await.unwrap().expect("answered");
        }
        assert_eq!(stage.calls(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_of_an_abandoned_stream_get_their_answer() {
    let stage = Stage::new(NanoUsd(NanoUsd::PER_USD)).await;
    stage.play(Play::Pieces {
        count: 20,
        pause_ms: 60,
    });
    let first = stage.serve(call("the same", true)).await.expect("begins");
    let follower = tokio::spawn({
        let engine: Arc<_> = stage.engine.clone();
        async move { pipeline::serve(&engine, call("the same", true)).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The first client leaves, and the provider takes longer than it is read on.
    drop(first);
    let reply = follower.await.unwrap().expect("answered, not refused");
    let ReplyBody::Stream(mut events) = reply.body else {
        panic!("a stream was asked for")
    };
    let mut whole = Vec::new();
    while let Some(item) = events.recv().await {
        whole.push(item);
    }
    assert!(
        matches!(whole.last(), Some(weir_engine::call::StreamItem::Last(_))),
        "it ends with its last event"
    );
    assert_eq!(stage.calls(), 2);
}
