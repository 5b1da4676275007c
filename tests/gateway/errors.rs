//! Errors: each in the shape of the protocol that the client speaks, each saying what to do.

use serde_json::{Value, json};
use support::{
    said::Said,
    stage::{Stage, chat},
    upstream::Fault,
};
use weir_contract::command::keys::KeysRevoke;

const PATHS: [&str; 3] = ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"];

/// Checks an error's shape for a path and gives its message.
pub(crate) fn message_of(path: &str, said: &Said) -> String {
    assert_eq!(said.header("content-type"), "application/json", "{said:#?}");
    let body = said.json();
    if path == "/v1/messages" {
        assert_eq!(body["type"], "error", "{body}");
        assert!(body["error"]["type"].is_string(), "{body}");
    } else {
        assert!(
            body["error"]["type"].is_string() && body["error"].get("param").is_some(),
            "{body}"
        );
        assert!(body["error"]["code"].is_string(), "{body}");
    }
    body["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_wrong_or_revoked_is_refused() {
    let stage = Stage::open().await;
    let revoked = stage.new_key("").await;
    let body = json!({"model": "fake/nano", "max_tokens": 5, "input": "x", "messages": [{"role": "user", "content": "x"}]});
    stage
        .send(stage.post_as(&revoked.secret, PATHS[0], &body))
        .await
        .expect(200);
    stage
        .admin(KeysRevoke {
            id: revoked.key.id.clone(),
        })
        .await;
    let calls = stage.upstream.calls();
    let right_id_wrong_secret = format!("{}x", stage.key.secret);
    for path in PATHS {
        let url = format!("{}{path}", stage.base);
        let missing = stage.send(stage.client.post(&url).json(&body)).await.expect(401);
        assert!(message_of(path, &missing).contains("no API key"), "{missing:#?}");
        for wrong in ["sk-weir-nobody-nothing", "sk-proj-abc", &right_id_wrong_secret] {
            let said = stage.send(stage.post_as(wrong, path, &body)).await.expect(401);
            assert!(message_of(path, &said).contains("not valid"), "{said:#?}");
        }
        let said = stage
            .send(stage.post_as(&revoked.secret, path, &body))
            .await
            .expect(401);
        assert!(message_of(path, &said).contains("revoked"), "{said:#?}");
        let kind = said.json()["error"]["type"].clone();
        assert_eq!(kind, "authentication_error", "{path}");
        // The header that Anthropic's clients use works everywhere.
        let said = stage
            .send(
                stage
                    .client
                    .post(&url)
                    .header("x-api-key", &stage.key.secret)
                    .json(&body),
            )
            .await;
        assert_ne!(said.status, 401, "{said:#?}");
    }
    assert!(stage.upstream.calls() <= calls + PATHS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_what_it_should_be_is_a_400_that_names_the_field() {
    let stage = Stage::open().await;
    let wrong: [(&str, &str); 8] = [
        ("{\"model\": \"fake/nano\", \"messages\": [", "JSON"),
        ("", "JSON"),
        ("[1, 2]", "object"),
        ("\"text\"", "object"),
        (
            "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"max_tokens\": 5}",
            "model",
        ),
        (
            "{\"model\": 5, \"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"max_tokens\": 5}",
            "model",
        ),
        ("{\"model\": \"fake/nano\", \"max_tokens\": 5}", "messages"),
        (
            "{\"model\": \"fake/nano\", \"messages\": \"hello\", \"max_tokens\": 5}",
            "messages",
        ),
    ];
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for (body, names) in wrong {
            let request = stage
                .client
                .post(format!("{}{path}", stage.base))
                .bearer_auth(&stage.key.secret);
            let said = stage
                .send(request.header("content-type", "application/json").body(body))
                .await
                .expect(400);
            let message = message_of(path, &said);
            assert!(message.contains(names), "{body}: {message}");
        }
    }
    let said = stage
        .send(stage.post("/v1/embeddings", &json!({"model": "fake/embed"})))
        .await
        .expect(400);
    assert!(message_of("/v1/embeddings", &said).contains("input"));
    assert_eq!(stage.upstream.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn deeply_nested_json_is_refused_and_the_gateway_lives() {
    let stage = Stage::open().await;
    let deep = format!(
        "{{\"model\": \"fake/nano\", \"messages\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let request = stage
        .client
        .post(format!("{}/v1/chat/completions", stage.base))
        .bearer_auth(&stage.key.secret);
    stage
        .send(request.header("content-type", "application/json").body(deep))
        .await
        .expect(400);
    stage.ask("fake/nano", "still there?").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_50_megabytes_is_a_413() {
    let stage = Stage::open().await;
    let text = "x".repeat(50 * 1024 * 1024);
    for path in PATHS {
        let said = stage
            .send(stage.post(path, &chat("fake/nano", &text)))
            .await
            .expect(413);
        assert!(message_of(path, &said).contains("max_body_bytes"), "{said:#?}");
    }
    assert_eq!(stage.upstream.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_say_what_there_is() {
    let stage = Stage::open().await;
    for path in ["/v1/chat/completion", "/", "/v2/models", "/v1/messages/batches"] {
        let said = stage.get(path).await.expect(404);
        let shape = if path.starts_with("/v1/messages") {
            "/v1/messages"
        } else {
            "/v1/chat/completions"
        };
        assert!(
            message_of(shape, &said).contains("/v1/chat/completions"),
            "{said:#?}"
        );
    }
    for path in PATHS {
        let said = stage.get(path).await.expect(405);
        assert!(message_of(path, &said).contains("GET"), "{said:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_finds_the_request_wrong_is_quoted_in_the_clients_own_protocol() {
    let stage = Stage::open().await;
    let words = "Unsupported value: 'temperature' does not support 7 with this model.";
    let body = json!({"error": {"message": words, "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}});
    stage.upstream.fail(Fault::Body {
        status: 400,
        body: body.to_string(),
    });
    for (path, model) in [
        ("/v1/chat/completions", "fake/nano"),
        ("/v1/messages", "fake/nano"),
    ] {
        let before = stage.upstream.calls();
        let said = stage.send(stage.post(path, &chat(model, "x"))).await.expect(400);
        assert!(message_of_any(&said).contains(words), "{said:#?}");
        assert_eq!(
            stage.upstream.calls(),
            before + 1,
            "a wrong request is not repeated"
        );
        if path == "/v1/messages" {
            message_of(path, &said);
        } else {
            assert_eq!(said.json(), body, "the provider's own body, untouched");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_provider_failure_has_a_status_and_words() {
    let stage =
        Stage::open_with("[timeouts]\nfirst_byte_seconds = 1\nidle_seconds = 1\nread_on_seconds = 1\n").await;
    let failures: [(Fault, u16, &str); 6] = [
        (Fault::status(401), 502, "provider_unauthorized"),
        (Fault::busy_for(60), 429, "provider_failed"),
        (Fault::status(500), 502, "provider_failed"),
        (Fault::Html, 502, "provider_failed"),
        (Fault::HalfJson, 502, "provider_failed"),
        (Fault::Silent, 504, "provider_failed"),
    ];
    for (index, (fault, status, code)) in failures.into_iter().enumerate() {
        stage.upstream.heal();
        stage.upstream.fail(fault.clone());
        // A model of its own each time, so that one breaker does not answer for another.
        let said = stage.ask(&format!("gem/m{index}"), "x").await;
        assert_eq!(said.status, status, "{fault:?}: {said:#?}");
        assert_eq!(said.json()["error"]["code"], code, "{fault:?}: {said:#?}");
        assert!(!said.body.contains("upstream-secret"), "{fault:?}: {}", said.body);
        let row = stage.detail(&said).await.row;
        assert_eq!(
            (row.status.as_str(), row.http_status),
            ("failed", status),
            "{fault:?}"
        );
    }
}

fn message_of_any(said: &Said) -> String {
    let body: Value = said.json();
    body["error"]["message"].as_str().unwrap_or_default().to_owned()
}
