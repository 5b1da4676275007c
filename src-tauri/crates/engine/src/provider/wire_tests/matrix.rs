//! Every client protocol to every provider.
#![allow(clippy::unwrap_used)]

use super::recorded::*;
use super::*;

/// What the provider must have been asked, in its own words.
fn check_request(to: ProviderProtocol, case: Case, own: bool, stream: bool, head: &str, body: &Value) {
    let text = body.to_string();
    let (path, key) = match to {
        ProviderProtocol::Openai => ("/v1/chat/completions", "authorization: bearer sk-very-secret"),
        ProviderProtocol::Anthropic => ("/v1/messages", "x-api-key: sk-very-secret"),
        _ if stream => (
            "/v1/models/m-1:streamGenerateContent?alt=sse",
            "x-goog-api-key: sk-very-secret",
        ),
        _ => ("/v1/models/m-1:generateContent", "x-goog-api-key: sk-very-secret"),
    };
    assert!(head.starts_with(&format!("POST {path} HTTP/1.1")), "{head}");
    assert!(head.to_lowercase().contains(key), "{head}");
    if to != ProviderProtocol::Gemini {
        assert_eq!(body["model"], "m-1");
        assert_eq!(
            body.get("stream").and_then(Value::as_bool).unwrap_or(false),
            stream
        );
    }
    match (to, case) {
        (_, Case::Text) => assert!(text.contains("Where?")),
        (ProviderProtocol::Openai, Case::Tools) => {
            assert_eq!(
                body["messages"][2],
                json!({"role": "tool", "tool_call_id": "c1", "content": "mountains"})
            );
            assert_eq!(body["tools"][0]["function"]["name"], "look");
        }
        (ProviderProtocol::Anthropic, Case::Tools) => {
            assert_eq!(
                body["messages"][1]["content"][0],
                json!({"type": "tool_use", "id": "c1", "name": "look", "input": {"x": 1}})
            );
            assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], "c1");
            assert_eq!(body["tools"][0]["input_schema"], schema());
        }
        (_, Case::Tools) => {
            assert_eq!(
                body["contents"][1]["parts"][0]["functionCall"],
                json!({"name": "look", "args": {"x": 1}})
            );
            assert_eq!(
                body["contents"][2]["parts"][0]["functionResponse"],
                json!({"name": "look", "response": {"result": "mountains"}})
            );
        }
        (ProviderProtocol::Openai, Case::Image) => assert!(text.contains("data:image/png;base64,QUJD")),
        (ProviderProtocol::Anthropic, Case::Image) => {
            assert!(text.contains(r#""media_type":"image/png","data":"QUJD""#))
        }
        (_, Case::Image) => assert!(text.contains(r#""inlineData":{"mimeType":"image/png","data":"QUJD"}"#)),
        (ProviderProtocol::Openai, Case::Schema) => {
            assert_eq!(body["response_format"]["json_schema"]["schema"], schema())
        }
        (ProviderProtocol::Anthropic, Case::Schema) if !own => {
            assert_eq!(body["tools"][0]["input_schema"], schema());
            assert_eq!(
                body["tool_choice"],
                json!({"type": "tool", "name": "give_answer"})
            );
        }
        (ProviderProtocol::Anthropic, Case::Schema) => {
            assert_eq!(body["output_config"]["format"]["schema"], schema())
        }
        (_, Case::Schema) => assert_eq!(body["generationConfig"]["responseJsonSchema"], schema()),
    }
}

#[tokio::test]
async fn a_clients_own_headers_reach_its_own_protocol_alone() {
    for (client, name, home) in [
        (
            ClientProtocol::Messages,
            "anthropic-beta",
            ProviderProtocol::Anthropic,
        ),
        (
            ClientProtocol::ChatCompletions,
            "openai-beta",
            ProviderProtocol::Openai,
        ),
    ] {
        for to in PROVIDERS {
            let own = to == home;
            let (body, kind) = recorded(to, Case::Text, false, own);
            let (base, served) = fake(http("200 OK", kind, "", &body)).await;
            let mut call = call_of(client, "m-1", question(client, Case::Text, false));
            call.headers.insert(name, "one".parse().unwrap());
            call.headers.append(name, "two".parse().unwrap());
            call.headers
                .insert("anthropic-version", "2099-01-01".parse().unwrap());
            provider(to, &base, "THE_KEY").call(call).await.unwrap();
            let head = served.await.unwrap().0.to_lowercase();
            assert_eq!(head.contains(&format!("{name}: one")), own, "{head}");
            assert_eq!(head.contains(&format!("{name}: two")), own, "{head}");
            assert_eq!(head.contains("anthropic-version: 2099-01-01"), own, "{head}");
            if to == ProviderProtocol::Anthropic {
                assert_eq!(head.matches("anthropic-version:").count(), 1, "{head}");
            }
        }
    }
}

#[tokio::test]
async fn every_client_protocol_reaches_every_provider() {
    for to in PROVIDERS {
        for client in CLIENTS {
            for case in CASES {
                for stream in [false, true] {
                    one_call(to, client, case, stream).await;
                }
            }
        }
    }
}

async fn one_call(to: ProviderProtocol, client: ClientProtocol, case: Case, stream: bool) {
    let what = format!("{to:?} {client:?} {case:?} stream={stream}");
    let own = provider(to, "http://127.0.0.1:1/v1", "THE_KEY").speaks(client);
    let (body, kind) = recorded(to, case, stream, own);
    let (base_url, served) = fake(http("200 OK", kind, "", &body)).await;
    let call = call_of(client, "m-1", question(client, case, stream));
    let answer = provider(to, &base_url, "THE_KEY")
        .call(call)
        .await
        .map_err(|error| format!("{what}: {error}"))
        .unwrap();
    let (raw, answer) = outcome(answer).await.unwrap();
    let (head, sent) = served.await.unwrap();
    check_request(to, case, own, stream, &head, &sent);
    let (part, finish) = expected(case);
    assert_eq!(
        (&answer.parts[..], answer.finish),
        (&[part][..], finish),
        "{what}"
    );
    let usage = answer.usage.unwrap();
    assert_eq!(
        (usage.input, usage.cache_read, usage.output_total()),
        (8, 4, 5),
        "{what}"
    );
    if own {
        let passed = String::from_utf8(raw).unwrap();
        if !stream {
            assert_eq!(passed, body, "{what}");
        } else if client == ClientProtocol::ChatCompletions {
            assert!(
                !passed.contains("prompt_tokens") && passed.ends_with("data: [DONE]\n\n"),
                "{what}: {passed}"
            );
        } else {
            assert_eq!(passed, body.replace("\r\n", "\n"), "{what}");
        }
        return;
    }
    assert!(raw.is_empty(), "{what}");
    // And out to the client and back.
    if stream {
        let mut encoder = StreamEncoder::new(client, &answer.id, "shown", 1, true);
        let mut bytes: Vec<u8> = crate::protocol::replay(&answer)
            .iter()
            .flat_map(|delta| encoder.push(delta).to_vec())
            .collect();
        bytes.extend_from_slice(&encoder.finish());
        assert!(String::from_utf8(bytes).unwrap().contains("shown"), "{what}");
    } else {
        let again = decode_answer(client, &encode_answer(client, &answer, 1, "shown")).unwrap();
        assert_eq!(
            (again.parts, again.finish),
            (answer.parts, answer.finish),
            "{what}"
        );
    }
}

#[tokio::test]
async fn lists_of_models_are_read() {
    for (to, body) in [
        (
            ProviderProtocol::Openai,
            json!({"data": [{"id": "a"}, {"id": "b"}]}),
        ),
        (
            ProviderProtocol::Anthropic,
            json!({"data": [{"id": "a", "type": "model"}, {"id": "b"}]}),
        ),
        (
            ProviderProtocol::Gemini,
            json!({"models": [{"name": "models/a"}, {"name": "models/b"}]}),
        ),
    ] {
        let (base_url, served) = fake(http("200 OK", "application/json", "", &body.to_string())).await;
        assert_eq!(
            provider(to, &base_url, "THE_KEY").models().await.unwrap(),
            ["a", "b"]
        );
        assert!(served.await.unwrap().0.starts_with("GET /v1/models"));
    }
}

#[tokio::test]
async fn embeddings_pass_or_are_translated() {
    let body = json!({"model": "x", "input": ["a", "b"]});
    let vectors = json!({"data": [{"embedding": [1.0]}, {"embedding": [2.0]}], "model": "m-1", "usage": {"prompt_tokens": 4, "total_tokens": 4}});
    let gemini = json!({"embeddings": [{"values": [1.0]}, {"values": [2.0]}]});
    for (to, reply, usage) in [
        (ProviderProtocol::Openai, vectors, Some(4)),
        (ProviderProtocol::Gemini, gemini, None),
    ] {
        let (base_url, _served) = fake(http("200 OK", "application/json", "", &reply.to_string())).await;
        let call = call_of(ClientProtocol::Embeddings, "m-1", body.clone());
        let (raw, answer) = outcome(provider(to, &base_url, "THE_KEY").call(call).await.unwrap())
            .await
            .unwrap();
        let raw: Value = serde_json::from_slice(&raw).unwrap();
        assert_eq!(raw["data"][1]["embedding"], json!([2.0]));
        assert_eq!(answer.usage.map(|usage| usage.input), usage);
    }
}
