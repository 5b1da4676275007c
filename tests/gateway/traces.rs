//! Traces: a collector gets spans Router, Cache and Worker with gen_ai names; one that is away costs the calls nothing.

use serde_json::Value;
use std::time::{Duration, Instant};
use support::{receiver::Receiver, stage::Stage, upstream::Fault};

fn attribute<'a>(span: &'a Value, name: &str) -> Option<&'a Value> {
    let attributes = span["attributes"].as_array()?;
    let found = attributes.iter().find(|one| one["key"] == name)?;
    found["value"].as_object()?.values().next()
}

fn ns(span: &Value, name: &str) -> i128 {
    span[name].as_str().unwrap().parse().unwrap()
}

async fn spans(receiver: &Receiver, wanted: usize) -> Vec<Value> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut spans = Vec::new();
        for received in receiver.received() {
            assert_eq!(received.path, "/v1/traces");
            assert_eq!(received.headers["content-type"], "application/json");
            let body: Value = serde_json::from_slice(&received.body).unwrap();
            let resource = &body["resourceSpans"][0];
            assert_eq!(
                resource["resource"]["attributes"][0]["value"]["stringValue"],
                "weir"
            );
            spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().clone());
        }
        if spans.len() >= wanted || Instant::now() > until {
            return spans;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn section(endpoint: &str) -> String {
    format!("[traces]\nendpoint = \"{endpoint}\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_spans() {
    let receiver = Receiver::start(&[]).await;
    let stage = Stage::open_with(&section(&receiver.url("/v1/traces"))).await;
    stage.upstream.fail_model("nano", Fault::status(401));
    let bought = stage.ask_with(
        &[("x-weir-user", "ann-secret"), ("x-weir-intent", "anything")],
        "auto",
        "hunter2 prompt",
    );
    bought.await.expect(200);
    let again = stage.ask_with(
        &[("x-weir-user", "ann-secret"), ("x-weir-intent", "anything")],
        "auto",
        "hunter2 prompt",
    );
    again.await.expect(200);
    // Router, Cache and two attempts; Router and Cache of the hit.
    let found = spans(&receiver, 6).await;
    let of = |component: &str| -> Vec<&Value> {
        found
            .iter()
            .filter(|span| attribute(span, "weir.component").is_some_and(|value| value == component))
            .collect()
    };
    let (routers, workers) = (of("Router"), of("Worker"));
    assert_eq!((routers.len(), workers.len()), (2, 2), "{found:#?}");
    assert!(of("Cache").len() >= 2);
    let router = routers[0];
    assert_eq!(router["kind"], 2);
    assert_eq!(attribute(router, "gen_ai.request.model").unwrap(), "auto");
    assert_eq!(attribute(router, "weir.cache.outcome").unwrap(), "miss");
    assert_eq!(attribute(routers[1], "weir.cache.outcome").unwrap(), "response");
    let (failed, won) = (workers[0], workers[1]);
    assert_eq!(failed["status"]["code"], 2);
    assert!(attribute(failed, "error.type").is_some() && attribute(won, "error.type").is_none());
    assert_eq!(won["name"], "chat mini");
    assert_eq!(won["kind"], 3);
    assert_eq!(attribute(won, "gen_ai.operation.name").unwrap(), "chat");
    assert_eq!(attribute(won, "gen_ai.provider.name").unwrap(), "fake");
    assert_eq!(attribute(won, "gen_ai.response.model").unwrap(), "mini");
    let tokens: i64 = attribute(won, "gen_ai.usage.output_tokens")
        .unwrap()
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(tokens > 0);
    assert!(
        attribute(won, "gen_ai.response.time_to_first_chunk")
            .unwrap()
            .as_f64()
            .unwrap()
            > 0.0
    );
    for worker in &workers {
        assert_eq!(worker["traceId"], router["traceId"]);
        assert_eq!(worker["parentSpanId"], router["spanId"]);
        assert!(ns(worker, "startTimeUnixNano") >= ns(router, "startTimeUnixNano"));
        assert!(ns(worker, "endTimeUnixNano") <= ns(router, "endTimeUnixNano"));
    }
    assert!(ns(failed, "endTimeUnixNano") <= ns(won, "startTimeUnixNano"));
    let ids: std::collections::HashSet<&str> =
        found.iter().filter_map(|span| span["spanId"].as_str()).collect();
    assert_eq!(ids.len(), found.len(), "every span has an id of its own");
    let all = serde_json::to_string(&found).unwrap();
    for private in ["hunter2", "ann-secret", "127.0.0.1"] {
        assert!(!all.contains(private), "{private}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_stands_below_the_span_of_its_caller() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let receiver = Receiver::start(&[]).await;
    let stage = Stage::open_with(&section(&receiver.url("/v1/traces"))).await;
    let said = stage
        .ask_with(&[("traceparent", PARENT)], "fake/nano", "whose am I?")
        .await
        .expect(200);
    let found = spans(&receiver, 3).await;
    assert!(
        found
            .iter()
            .all(|span| span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"),
        "{found:#?}"
    );
    let router = found
        .iter()
        .find(|span| attribute(span, "weir.component").is_some_and(|value| value == "Router"))
        .unwrap();
    assert_eq!(router["parentSpanId"], "00f067aa0ba902b7");
    let below = found
        .iter()
        .filter(|span| span["parentSpanId"] == router["spanId"]);
    assert_eq!(below.count(), found.len() - 1);
    // Whoever looks at the request finds the trace.
    let trace = stage.detail(&said).await.trace;
    assert!(trace.iter().any(|step| {
        let id = ("trace_id".to_owned(), PARENT[3..35].to_owned());
        step.stage == "parent" && step.facts.contains(&id)
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_at_the_stop_is_sent() {
    let receiver = Receiver::start(&[]).await;
    let stage = Stage::open_with(&section(&receiver.url("/v1/traces"))).await;
    stage.ask("fake/nano", "last words").await.expect(200);
    stage.gateway.stop().await;
    assert!(!spans(&receiver, 3).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nothing() {
    let stage = Stage::open_with(&section("http://127.0.0.1:9/v1/traces")).await;
    for n in 0..20 {
        stage.ask("fake/nano", &format!("call {n}")).await.expect(200);
    }
    let begun = Instant::now();
    stage.gateway.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(12));
}
