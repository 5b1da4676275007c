//! A cached answer never crosses tenant, model, system prompt, tools, response format or parameters.

use serde_json::json;
use support::stage::{Stage, chat, with};

#[tokio::test(flavor = "multi_thread")]
async fn keys_share_only_within_a_team() {
    let stage = Stage::open().await;
    let (red_1, red_2, blue, alone) = (
        stage.new_key("red").await,
        stage.new_key("red").await,
        stage.new_key("blue").await,
        stage.new_key("").await,
    );
    let ask = async |key: &str| {
        stage
            .send(stage.post_as(key, "/v1/chat/completions", &chat("fake/nano", "team")))
            .await
            .expect(200)
            .cache()
            .to_owned()
    };
    assert_eq!(ask(&red_1.secret).await, "miss");
    assert_eq!(ask(&red_2.secret).await, "response", "one team shares");
    assert_eq!(ask(&blue.secret).await, "miss", "another does not");
    assert_eq!(
        ask(&stage.key.secret).await,
        "miss",
        "a key of no team has its own"
    );
    assert_eq!(ask(&alone.secret).await, "miss", "and so has the next");
    assert_eq!(ask(&alone.secret).await, "response");
    assert_eq!(stage.upstream.calls(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_may_change_an_answer_splits() {
    let stage = Stage::open().await;
    let base = chat("fake/nano", "split");
    let tool = |name: &str| json!([{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}]);
    let schema = |field: &str| {
        json!({"type": "json_schema", "json_schema": {"name": "s", "schema":
        {"type": "object", "properties": {field: {"type": "string"}}}}})
    };
    let variants = [
        base.clone(),
        with(base.clone(), json!({"model": "fake/mini"})),
        with(base.clone(), json!({"model": "claude/nano"})),
        with(base.clone(), json!({"temperature": 0.1})),
        with(base.clone(), json!({"temperature": 0.2})),
        with(base.clone(), json!({"max_tokens": 51})),
        with(base.clone(), json!({"seed": 1})),
        with(base.clone(), json!({"never_heard_of": 1})),
        with(base.clone(), json!({"tools": tool("a")})),
        with(base.clone(), json!({"tools": tool("b")})),
        with(base.clone(), json!({"response_format": schema("a")})),
        with(base.clone(), json!({"response_format": schema("b")})),
        with(
            base.clone(),
            json!({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "split"}]}),
        ),
        with(
            base.clone(),
            json!({"messages": [{"role": "system", "content": "Be long."}, {"role": "user", "content": "split"}]}),
        ),
        with(
            base.clone(),
            json!({"messages": [{"role": "user", "content": "Split"}]}),
        ),
        with(
            base,
            json!({"messages": [{"role": "user", "content": "split"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "split"}]}),
        ),
    ];
    for expected in ["miss", "response"] {
        for body in &variants {
            let said = stage
                .send(stage.post("/v1/chat/completions", body))
                .await
                .expect(200);
            assert_eq!(said.cache(), expected, "{body}");
        }
    }
    assert_eq!(stage.upstream.calls(), variants.len());
    // The same words on the other endpoint are another answer.
    let said = stage
        .send(stage.post("/v1/messages", &chat("fake/nano", "split")))
        .await
        .expect(200);
    assert_eq!(said.cache(), "miss");
}
