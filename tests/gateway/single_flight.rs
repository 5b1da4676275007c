//! A thousand identical calls at once buy one answer, and a hit is far faster than a provider.

use serde_json::json;
use std::time::{Duration, Instant};
use support::stage::{Stage, chat, with};
use tokio::task::JoinSet;

const CALLS: usize = 1_000;
const CONNECTIONS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_identical_misses_are_one_call_whole_and_streamed() {
    let stage = Stage::open().await;
    stage.upstream.set_latency(Duration::from_millis(500));
    for (round, stream) in [false, true].into_iter().enumerate() {
        let body = with(
            chat("fake/nano", &format!("flight {stream}")),
            json!({"stream": stream}),
        );
        // Few connections that carry many calls each: the limit on open files is not what is tested here.
        let clients: Vec<reqwest::Client> = (0..CONNECTIONS)
            .map(|_| {
                reqwest::Client::builder()
                    .no_proxy()
                    .http2_prior_knowledge()
                    .build()
                    .unwrap()
            })
            .collect();
        let mut all = JoinSet::new();
        for index in 0..CALLS {
            let request = clients[index % CONNECTIONS].post(format!("{}/v1/chat/completions", stage.base));
            let request = request.bearer_auth(&stage.key.secret).json(&body);
            all.spawn(async move { support::said::Said::read(request.send().await.unwrap()).await });
        }
        let said = all.join_all().await;
        assert_eq!(said.len(), CALLS);
        let misses = said.iter().filter(|said| said.cache() == "miss").count();
        let hits = said.iter().filter(|said| said.cache() == "response").count();
        assert_eq!((misses, hits), (1, CALLS - 1), "stream: {stream}");
        assert!(
            said.iter()
                .all(|said| said.status == 200 && said.text() == format!("Echo: flight {stream}"))
        );
        assert_eq!(stage.upstream.calls(), round + 1, "stream: {stream}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shared_and_not_repeated_by_each() {
    let stage = Stage::open().await;
    stage.upstream.set_latency(Duration::from_millis(300));
    stage.upstream.fail(support::upstream::Fault::status(400));
    let mut all = JoinSet::new();
    for _ in 0..50 {
        let request = stage.post("/v1/chat/completions", &chat("fake/nano", "bad"));
        all.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let statuses = all.join_all().await;
    assert!(statuses.iter().all(|status| *status == 400), "{statuses:?}");
    assert!(stage.upstream.calls() < 50, "{} calls", stage.upstream.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_is_forty_times_faster_than_a_provider_of_200_ms() {
    let stage = Stage::open().await;
    stage.upstream.set_latency(Duration::from_millis(200));
    let time = async |text: &str, expected: &str| {
        let started = Instant::now();
        let said = stage.ask("fake/nano", text).await.expect(200);
        let took = started.elapsed();
        assert_eq!(said.cache(), expected);
        took
    };
    let mut misses = Vec::new();
    for index in 0..5 {
        misses.push(time(&format!("fast {index}"), "miss").await);
    }
    let mut hits = Vec::new();
    for index in 0..60 {
        hits.push(time(&format!("fast {}", index % 5), "response").await);
    }
    // The quickest of each: a machine that is busy elsewhere makes any of them slower.
    let (miss, hit) = (misses.into_iter().min().unwrap(), hits.into_iter().min().unwrap());
    assert!(miss >= hit * 40, "a miss took {miss:?}, a hit {hit:?} at best");
}
