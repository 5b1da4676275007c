//! Every endpoint, every protocol at every provider, whole and streamed.

use serde_json::json;
use support::stage::{Stage, chat, message, with};

const MODELS: [&str; 3] = ["fake/nano", "claude/any", "gem/any"];

#[tokio::test(flavor = "multi_thread")]
async fn any_protocol_reaches_any_provider_whole_and_streamed() {
    let stage = Stage::open().await;
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for model in MODELS {
            for stream in [false, true] {
                let text = format!("hello {model} on {path} {stream}");
                let said = stage
                    .send(stage.post(path, &with(chat(model, &text), json!({"stream": stream}))))
                    .await
                    .expect(200);
                assert_eq!(said.text(), format!("Echo: {text}"), "{said:#?}");
                let kind = if stream {
                    "text/event-stream; charset=utf-8"
                } else {
                    "application/json"
                };
                assert_eq!(said.header("content-type"), kind);
                assert_eq!(said.header("x-weir-model"), model);
                assert_eq!(said.header("x-weir-attempts"), "1");
                if stream && path == "/v1/messages" {
                    assert!(said.body.contains("event: message_stop"), "{}", said.body);
                } else if stream {
                    assert_eq!(said.events().last().map(String::as_str), Some("[DONE]"));
                } else if path == "/v1/messages" {
                    assert_eq!(
                        (said.json()["type"].as_str(), said.json()["stop_reason"].as_str()),
                        (Some("message"), Some("end_turn"))
                    );
                } else {
                    assert_eq!(said.json()["choices"][0]["finish_reason"], "stop");
                }
            }
        }
    }
    assert_eq!(stage.upstream.calls(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_make_the_round_trip_at_every_provider() {
    let stage = Stage::open().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tools = json!([{"type": "function", "function": {"name": "weather", "description": "The weather", "parameters": schema}}]);
    for model in MODELS {
        for stream in [false, true] {
            let body = with(
                chat(model, &format!("weather? {stream}")),
                json!({"tools": tools, "stream": stream}),
            );
            let said = stage
                .send(stage.post("/v1/chat/completions", &body))
                .await
                .expect(200);
            assert!(
                said.body.contains("\"weather\"") && said.body.contains("tool_calls"),
                "{model}: {}",
                said.body
            );
            if stream {
                continue;
            }
            let call = said.json()["choices"][0]["message"].clone();
            assert_eq!(
                call["tool_calls"][0]["function"]["arguments"], "{\"city\":\"Berlin\"}",
                "{model}"
            );
            let mut next = body.clone();
            let result =
                json!({"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "sunny"});
            next["messages"].as_array_mut().unwrap().extend([call, result]);
            let said = stage
                .send(stage.post("/v1/chat/completions", &next))
                .await
                .expect(200);
            assert_eq!(said.text(), "The tool said: sunny", "{model}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anthropic_tools_reach_every_provider() {
    let stage = Stage::open().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tools = json!([{"name": "weather", "description": "The weather", "input_schema": schema}]);
    for model in MODELS {
        let body = with(message(model, "weather?"), json!({"tools": tools}));
        let said = stage
            .send(stage.post("/v1/messages", &body))
            .await
            .expect(200)
            .json();
        assert_eq!(said["stop_reason"], "tool_use", "{model}");
        let call = said["content"][0].clone();
        assert_eq!(
            (&call["type"], &call["name"], &call["input"]),
            (&json!("tool_use"), &json!("weather"), &json!({"city": "Berlin"}))
        );
        let mut next = body.clone();
        let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "rainy"}]});
        next["messages"]
            .as_array_mut()
            .unwrap()
            .extend([json!({"role": "assistant", "content": [call]}), result]);
        let said = stage.send(stage.post("/v1/messages", &next)).await.expect(200);
        assert_eq!(said.text(), "The tool said: rainy", "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn images_reach_every_provider() {
    let stage = Stage::open().await;
    let content = json!([{"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]);
    for model in MODELS {
        let body =
            json!({"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": content}]});
        let said = stage
            .send(stage.post("/v1/chat/completions", &body))
            .await
            .expect(200);
        assert_eq!(said.text(), "Echo: what is it? (with 1 image)", "{model}");
    }
    let source = json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="});
    let content = json!([{"type": "image", "source": source}, {"type": "text", "text": "and this?"}]);
    for model in MODELS {
        let body =
            json!({"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": content}]});
        let said = stage.send(stage.post("/v1/messages", &body)).await.expect(200);
        assert_eq!(said.text(), "Echo: and this? (with 1 image)", "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn structured_output_is_json_at_every_provider() {
    let stage = Stage::open().await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"], "additionalProperties": false});
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "trip", "strict": true, "schema": schema}});
    for model in MODELS {
        let body = with(chat(model, "a trip"), json!({"response_format": format}));
        let said = stage
            .send(stage.post("/v1/chat/completions", &body))
            .await
            .expect(200);
        let value: serde_json::Value =
            serde_json::from_str(&said.text()).unwrap_or_else(|_| panic!("{model}: {said:#?}"));
        assert_eq!(value, json!({"city": "Berlin", "days": 7}), "{model}");
        assert_eq!(said.json()["choices"][0]["finish_reason"], "stop", "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_and_only_the_providers_key_go_out() {
    let stage = Stage::open().await;
    let odd = json!({"logit_bias": {"50256": -100}, "x_custom": {"deep": [1, 2.50, null]}, "metadata": {"mine": "1"}});
    stage
        .send(stage.post(
            "/v1/chat/completions",
            &with(chat("fake/nano", "odd"), odd.clone()),
        ))
        .await
        .expect(200);
    let seen = stage.upstream.last();
    for (name, value) in odd.as_object().unwrap() {
        assert_eq!(&seen.body[name], value, "{name} must pass through untouched");
    }
    assert_eq!(seen.body["model"], "nano");
    assert_eq!(seen.header("authorization"), Some("Bearer upstream-secret-1"));

    let odd = json!({"thinking": {"type": "disabled"}, "x_custom": 1});
    stage
        .send(stage.post("/v1/messages", &with(message("claude/any", "odd"), odd)))
        .await
        .expect(200);
    let seen = stage.upstream.last();
    assert_eq!(
        (&seen.body["thinking"]["type"], &seen.body["x_custom"]),
        (&json!("disabled"), &json!(1))
    );
    assert_eq!(seen.header("x-api-key"), Some("upstream-secret-1"));

    stage.ask("gem/any", "odd").await.expect(200);
    assert_eq!(
        stage.upstream.last().header("x-goog-api-key"),
        Some("upstream-secret-1")
    );
    for seen in stage.upstream.seen() {
        let sent = format!("{seen:?}");
        assert!(!sent.contains("sk-weir-"), "the client's key stays here: {sent}");
        assert!(
            !seen.headers.iter().any(|(name, _)| name.starts_with("x-weir")),
            "{sent}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_come_from_openai_and_gemini() {
    let stage = Stage::open().await;
    for model in ["auto", "fake/embed", "gem/embed"] {
        let body = json!({"model": model, "input": ["a", "b"], "encoding_format": "float"});
        let said = stage
            .send(stage.post("/v1/embeddings", &body))
            .await
            .expect(200)
            .json();
        assert_eq!(said["object"], "list", "{model}");
        assert_eq!(said["data"][1]["embedding"], json!([0.5, 0.25, 1.0]), "{model}");
        assert_eq!(said["usage"]["prompt_tokens"], 21, "{model}");
    }
    let calls = stage.upstream.calls();
    let again = json!({"model": "fake/embed", "input": ["a", "b"], "encoding_format": "float"});
    assert_eq!(
        stage
            .send(stage.post("/v1/embeddings", &again))
            .await
            .expect(200)
            .cache(),
        "response"
    );
    assert_eq!(stage.upstream.calls(), calls);
    let no_such = json!({"model": "claude/any", "input": "a"});
    let said = stage.send(stage.post("/v1/embeddings", &no_such)).await;
    assert!((400..500).contains(&said.status), "{said:#?}");
    assert!(
        said.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("embeddings"),
        "{said:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_free_endpoints_answer() {
    let stage = Stage::open().await;
    let models = stage.get("/v1/models").await.expect(200).json();
    let names: Vec<&str> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "auto");
    for name in [
        "fake/nano",
        "fake/mini",
        "fake/standard",
        "fake/large",
        "fake/embed",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let providers = stage.get("/v1/providers").await.expect(200);
    assert!(
        !providers.body.contains("upstream-secret") && !providers.body.contains("127.0.0.1"),
        "{}",
        providers.body
    );
    let fake = providers.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "fake")
        .cloned()
        .unwrap();
    assert_eq!(
        (&fake["default"], &fake["key_present"], &fake["protocol"]),
        (&json!(true), &json!(true), &json!("openai"))
    );
    assert_eq!(
        stage.get("/health/live").await.expect(200).json()["status"],
        "live"
    );
    assert_eq!(
        stage.get("/health/ready").await.expect(200).json()["status"],
        "ready"
    );
    assert_eq!(stage.upstream.calls(), 0);
    for path in ["/v1/models", "/v1/providers", "/v1/cache/stats"] {
        let said = stage
            .send(stage.client.get(format!("{}{path}", stage.base)))
            .await;
        assert_eq!(said.status, 401, "{path} needs a key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_provider_needs_nothing_and_says_so() {
    let stage = Stage::open().await;
    let said = stage.ask("simulated/sim-mini", "hello").await.expect(200);
    assert_eq!(said.header("x-weir-simulated"), "true");
    assert!(!said.text().is_empty());
    assert_eq!(stage.upstream.calls(), 0);
    assert!(stage.detail(&said).await.row.simulated);
}
