//! What clients say beside their body, as headers or under `metadata`, and what answers say back.

use serde_json::json;
use support::stage::{Stage, chat, with};

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_metadata_mean_the_same() {
    let stage = Stage::open().await;
    let fields = [
        ("intent", "billing"),
        ("user", "ann"),
        ("session", "s-1"),
        ("event", "signup"),
        ("tags", "a,b"),
    ];
    let by_header = fields.iter().fold(
        stage.post("/v1/chat/completions", &chat("fake/nano", "by header")),
        |request, (name, value)| request.header(format!("x-weir-{name}"), *value),
    );
    let metadata = json!({"x-weir-intent": "billing", "weir-user": "ann", "weir_session": "s-1", "x-weir-event": "signup",
        "x-weir-tags": ["a", "b"]});
    let by_metadata = stage.post(
        "/v1/chat/completions",
        &with(chat("fake/nano", "by metadata"), json!({"metadata": metadata})),
    );
    for request in [by_header, by_metadata] {
        let said = stage.send(request).await.expect(200);
        assert_eq!(said.header("x-weir-intent"), "billing");
        let row = stage.detail(&said).await.row;
        let found = (
            row.intent.as_str(),
            row.user.as_str(),
            row.session.as_str(),
            row.event.as_str(),
            row.tags.join(","),
        );
        assert_eq!(found, ("billing", "ann", "s-1", "signup", "a,b".to_owned()));
        let seen = stage.upstream.last();
        assert!(
            seen.body.get("metadata").is_none(),
            "the provider never sees Weir's own names: {}",
            seen.body
        );
    }
    let body = with(
        chat("fake/nano", "off by metadata"),
        json!({"metadata": {"x-weir-cache": "off", "mine": "1"}}),
    );
    let said = stage
        .send(stage.post("/v1/chat/completions", &body))
        .await
        .expect(200);
    assert_eq!(said.cache(), "bypass");
    assert_eq!(stage.upstream.last().body["metadata"], json!({"mine": "1"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocols_own_user_fields_count() {
    let stage = Stage::open().await;
    let said = stage
        .send(stage.post(
            "/v1/chat/completions",
            &with(chat("fake/nano", "x"), json!({"user": "carl"})),
        ))
        .await
        .expect(200);
    assert_eq!(stage.detail(&said).await.row.user, "carl");
    let body = with(chat("claude/any", "x"), json!({"metadata": {"user_id": "dora"}}));
    let said = stage.send(stage.post("/v1/messages", &body)).await.expect(200);
    assert_eq!(stage.detail(&said).await.row.user, "dora");
    assert_eq!(
        stage.upstream.last().body["metadata"]["user_id"],
        "dora",
        "and still reach the provider"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_all_facts() {
    let stage = Stage::open().await;
    for (path, stream) in [
        ("/v1/chat/completions", false),
        ("/v1/chat/completions", true),
        ("/v1/messages", false),
    ] {
        let body = with(
            chat("fake/nano", &format!("{path} {stream}")),
            json!({"stream": stream}),
        );
        let said = stage.send(stage.post(path, &body)).await.expect(200);
        for name in [
            "request-id",
            "cache",
            "tier",
            "model",
            "intent",
            "saved-usd",
            "attempts",
        ] {
            assert!(
                !said.header(&format!("x-weir-{name}")).is_empty(),
                "x-weir-{name}: {said:#?}"
            );
        }
        assert_eq!(said.header("x-request-id"), said.request_id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_and_odd_values_are_refused_in_words() {
    let stage = Stage::open().await;
    let long = "x".repeat(300);
    let said = stage
        .ask_with(&[("x-weir-user", &long)], "fake/nano", "x")
        .await
        .expect(400);
    assert!(said.body.contains("x-weir-user"), "{}", said.body);
    assert_eq!(stage.upstream.calls(), 0);
}
