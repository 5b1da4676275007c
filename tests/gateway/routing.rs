//! `auto` takes the cheapest model that can do it; failures are retried, then passed to the next rung, and a breaker spares
//! a model that keeps failing.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{
    eventually,
    said::Said,
    stage::{Stage, chat, with},
    upstream::Fault,
};

/// An intent that no rule knows may use the whole ladder.
async fn auto(stage: &Stage, text: &str) -> Said {
    stage
        .ask_with(&[("x-weir-intent", "anything")], "auto", text)
        .await
}

async fn auto_with(stage: &Stage, body: Value) -> Said {
    stage
        .send(
            stage
                .post("/v1/chat/completions", &body)
                .header("x-weir-intent", "anything"),
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_takes_the_cheapest_that_can() {
    let extra = "[models.\"fake/nano\"]\nimages = false\ntools = false\nstructured_output = false\ncontext_tokens = 2000\n\
                 [models.\"fake/mini\"]\nimages = false\n";
    let stage = Stage::open_with(extra).await;
    let said = auto(&stage, "plain").await.expect(200);
    assert_eq!(
        (said.header("x-weir-model"), said.header("x-weir-tier")),
        ("fake/nano", "T0")
    );

    let tools = json!([{"type": "function", "function": {"name": "t", "parameters": {"type": "object", "properties": {}}}}]);
    let said = auto_with(&stage, with(chat("auto", "tools"), json!({"tools": tools})))
        .await
        .expect(200);
    assert_eq!(said.header("x-weir-model"), "fake/mini", "tools");
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object", "properties": {}}}});
    let said = auto_with(
        &stage,
        with(chat("auto", "schema"), json!({"response_format": schema})),
    )
    .await
    .expect(200);
    assert_eq!(said.header("x-weir-model"), "fake/mini", "structured output");
    let said = auto(&stage, &"long ".repeat(3_000)).await.expect(200);
    assert_eq!(said.header("x-weir-model"), "fake/mini", "context length");
    let image = json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]);
    let said = auto_with(
        &stage,
        with(
            chat("auto", ""),
            json!({"messages": [{"role": "user", "content": image}]}),
        ),
    )
    .await
    .expect(200);
    assert_eq!(
        (said.header("x-weir-model"), said.header("x-weir-tier")),
        ("fake/standard", "T2"),
        "images"
    );

    let detail = stage.detail(&said).await;
    let passed_over: Vec<&str> = detail
        .trace
        .iter()
        .filter(|step| step.stage == "route")
        .map(|step| step.decision.as_str())
        .collect();
    for model in ["fake/nano", "fake/mini"] {
        assert!(
            passed_over.iter().any(|why| why.contains(model)),
            "why not {model}: {passed_over:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_bounds_the_ladder() {
    let extra = "[[intents]]\nname = \"hard\"\ndescription = \"x\"\nlowest_tier = \"T2\"\nhighest_tier = \"T2\"\nphrases = [\"prove that\"]\n";
    let stage = Stage::open_with(extra).await;
    let said = stage.ask("auto", "prove that it halts").await.expect(200);
    assert_eq!(
        (said.header("x-weir-model"), said.header("x-weir-intent")),
        ("fake/standard", "hard")
    );
    let said = stage
        .ask_with(&[("x-weir-intent", "hard")], "auto", "named by the client")
        .await
        .expect(200);
    assert_eq!(said.header("x-weir-tier"), "T2");
    stage.upstream.fail_model("standard", Fault::status(404));
    let said = stage.ask("auto", "prove that again").await;
    assert_eq!(
        stage.upstream.calls_of("large"),
        0,
        "never above the intent's highest tier: {said:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundreds_are_retried_then_the_next_tier_answers() {
    let stage = Stage::open().await;
    stage.upstream.fail_model("nano", Fault::status(500));
    let said = auto(&stage, "x").await.expect(200);
    assert_eq!(
        (said.header("x-weir-tier"), said.header("x-weir-model")),
        ("T1", "fake/mini")
    );
    assert_eq!(
        (stage.upstream.calls_of("nano"), stage.upstream.calls_of("mini")),
        (4, 1),
        "three retries, then the next"
    );
    assert_eq!(said.header("x-weir-attempts"), "5");
    let row = stage.detail(&said).await.row;
    assert_eq!(
        (row.cost_nanousd.0, row.cost_basis.as_str()),
        (170_000, "settled"),
        "only the answer of mini is charged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_model_is_served_as_named_or_not_at_all() {
    let stage = Stage::open().await;
    stage.upstream.fail_model("nano", Fault::status(503));
    let said = stage.ask("fake/nano", "x").await.expect(502);
    assert_eq!(said.json()["error"]["code"], "provider_failed");
    assert_eq!((stage.upstream.calls_of("nano"), stage.upstream.calls()), (4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_are_retried_before_the_first_byte() {
    let stage =
        Stage::open_with("[timeouts]\nfirst_byte_seconds = 1\nidle_seconds = 1\nread_on_seconds = 1\n").await;
    let faults = [
        Fault::status(503),
        Fault::status(529),
        Fault::Reset,
        Fault::Html,
        Fault::CutAfter(0),
        Fault::Silent,
        Fault::status(429),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        // A model of its own each time, so that no breaker opens.
        for (provider, stream) in [("fake", false), ("claude", true)] {
            stage.upstream.fail_times(fault.clone(), 1);
            let body = with(
                chat(&format!("{provider}/m{number}"), &format!("{fault:?}")),
                json!({"stream": stream}),
            );
            let said = stage
                .send(stage.post("/v1/chat/completions", &body))
                .await
                .expect(200);
            assert_eq!(said.text(), format!("Echo: {fault:?}"), "{said:#?}");
            let detail = stage.detail(&said).await;
            assert_eq!(detail.row.attempts, 2, "{fault:?}: {:#?}", detail.trace);
            stage.upstream.heal();
            // The reserve of retries of a whole gateway is limited; requests that go well fill it again.
            for index in 0..10 {
                stage
                    .ask("gem/any", &format!("{fault:?} {stream} {index}"))
                    .await
                    .expect(200);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured_when_short_and_passed_on_when_long() {
    let stage = Stage::open().await;
    stage.upstream.fail_times(Fault::busy_for(1), 1);
    let started = Instant::now();
    let said = stage.ask("fake/nano", "busy").await.expect(200);
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(1), "waited only {took:?}");
    assert_eq!(said.header("x-weir-attempts"), "2");

    // The fake provider's clock stands at 06:00:00.
    let date = |time: &str| Fault::Status {
        status: 429,
        retry_after: Some(format!("Sat, 21 Nov 2026 {time} GMT")),
    };
    stage.upstream.fail_times(date("06:00:01"), 1);
    let started = Instant::now();
    let said = stage.ask("fake/nano", "busy until a date").await.expect(200);
    assert!(
        started.elapsed() >= Duration::from_secs(1) && said.header("x-weir-attempts") == "2",
        "{said:#?}"
    );

    stage.upstream.fail_model("nano", date("07:00:00"));
    let said = auto(&stage, "far away").await.expect(200);
    assert_eq!(
        (said.header("x-weir-tier"), said.header("x-weir-attempts")),
        ("T1", "2"),
        "nobody waits for that long"
    );

    stage.upstream.heal();
    stage.upstream.fail(Fault::busy_for(77));
    let said = stage.ask("fake/mini", "long").await.expect(429);
    assert_eq!(said.header("retry-after"), "77");
    assert_eq!(said.json()["retryAfter"], 77, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_goes_to_the_next_tier_at_once() {
    let stage = Stage::open().await;
    stage.upstream.fail_model("nano", Fault::status(401));
    let said = auto(&stage, "x").await.expect(200);
    assert_eq!(
        (said.header("x-weir-tier"), stage.upstream.calls_of("nano")),
        ("T1", 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_never_tried_elsewhere() {
    let stage = Stage::open().await;
    stage.upstream.fail(Fault::status(400));
    auto(&stage, "x").await.expect(400);
    assert_eq!(stage.upstream.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_opens_spares_the_model_and_closes_again() {
    let stage = Stage::open().await;
    let position = async || {
        let providers = stage.get("/v1/providers").await.expect(200).json();
        let fake = providers["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "fake")
            .cloned()
            .unwrap();
        let models = fake["models"].as_array().unwrap().clone();
        models
            .iter()
            .find(|one| one["model"] == "nano")
            .map(|one| one["breaker"].as_str().unwrap().to_owned())
    };
    stage.upstream.fail_model("nano", Fault::status(500));
    auto(&stage, "1").await.expect(200);
    auto(&stage, "2").await.expect(200);
    assert_eq!(stage.upstream.calls_of("nano"), 5, "the fifth failure opens it");
    assert_eq!(position().await.as_deref(), Some("open"));
    let said = auto(&stage, "3").await.expect(200);
    assert_eq!(
        (
            said.header("x-weir-tier"),
            said.header("x-weir-attempts"),
            stage.upstream.calls_of("nano")
        ),
        ("T1", "1", 5)
    );
    let said = stage.ask("fake/nano", "named").await.expect(503);
    assert_eq!(said.json()["error"]["code"], "no_viable_model");
    assert!(!said.header("retry-after").is_empty());

    stage.upstream.heal();
    let mut number = 10;
    eventually("the breaker to let a call through", || {
        number += 1;
        let text = number.to_string();
        let stage = &stage;
        async move { (auto(stage, &text).await.header("x-weir-tier") == "T0").then_some(()) }
    })
    .await;
    assert_eq!(position().await.as_deref(), Some("closed"));
}
