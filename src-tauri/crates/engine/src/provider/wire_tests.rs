//! The real adapters against a small TCP server that answers as told: every client protocol to every provider, and the faults.
#![allow(clippy::unwrap_used)]

use super::{test_call::call_of, *};
use crate::{
    protocol::{AnswerCollector, StreamEncoder, decode_answer, encode_answer},
    request::{Finish, Part},
};
use futures::StreamExt;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use weir_contract::model::catalog::{ProviderConfig, ProviderProtocol};

pub(crate) struct OneKey;

impl SecretSource for OneKey {
    fn secret(&self, source: &KeySource) -> Option<SecretString> {
        matches!(source, KeySource::Env(name) if name == "THE_KEY").then(|| "sk-very-secret".into())
    }
}

/// Answers one call with `reply` and closes; gives the request's head and body.
async fn fake(reply: Vec<u8>) -> (String, JoinHandle<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        let (head, body) = loop {
            let mut buffer = [0; 4096];
            let n = socket.read(&mut buffer).await.unwrap();
            assert!(n > 0, "the client left");
            seen.extend_from_slice(&buffer[..n]);
            let text = String::from_utf8_lossy(&seen).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        socket.write_all(&reply).await.unwrap();
        socket.shutdown().await.unwrap();
        (head, serde_json::from_str(&body).unwrap_or(Value::Null))
    });
    (format!("http://{address}/v1"), served)
}

fn http(status: &str, kind: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn provider(protocol: ProviderProtocol, base_url: &str, key: &str) -> Arc<dyn Provider> {
    let config = ProviderConfig {
        name: "p".into(),
        protocol,
        base_url: base_url.into(),
        key: KeySource::Env(key.into()),
    };
    build(&config, http_client().unwrap(), Arc::new(OneKey)).unwrap()
}

const PROVIDERS: [ProviderProtocol; 3] = [
    ProviderProtocol::Openai,
    ProviderProtocol::Anthropic,
    ProviderProtocol::Gemini,
];
const CLIENTS: [ClientProtocol; 2] = [ClientProtocol::ChatCompletions, ClientProtocol::Messages];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Text,
    Tools,
    Image,
    Schema,
}
const CASES: [Case; 4] = [Case::Text, Case::Tools, Case::Image, Case::Schema];

fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

/// The same question in a client's protocol.
fn question(client: ClientProtocol, case: Case, stream: bool) -> Value {
    let completions = client == ClientProtocol::ChatCompletions;
    let mut body = json!({"model": "auto", "stream": stream, "max_tokens": 99, "temperature": 0.5});
    body["messages"] = match (case, completions) {
        (Case::Text | Case::Schema, _) => json!([{"role": "user", "content": "Where?"}]),
        (Case::Image, true) => json!([{"role": "user", "content": [{"type": "text", "text": "Where?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}]}]),
        (Case::Image, false) => json!([{"role": "user", "content": [{"type": "text", "text": "Where?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}]}]),
        (Case::Tools, true) => json!([{"role": "user", "content": "Where?"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"x\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "mountains"}]),
        (Case::Tools, false) => json!([{"role": "user", "content": "Where?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {"x": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "mountains"}]}]),
    };
    match (case, completions) {
        (Case::Tools, true) => {
            body["tools"] =
                json!([{"type": "function", "function": {"name": "look", "parameters": schema()}}]);
        }
        (Case::Tools, false) => body["tools"] = json!([{"name": "look", "input_schema": schema()}]),
        (Case::Schema, true) => {
            body["response_format"] =
                json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema()}});
        }
        (Case::Schema, false) => {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema()}})
        }
        _ => {}
    }
    body
}

/// What the answer must be, however it travelled.
fn expected(case: Case) -> (Part, Finish) {
    match case {
        Case::Text | Case::Image => (
            Part::Text {
                text: "In Zürich.".into(),
            },
            Finish::Stop,
        ),
        Case::Schema => (
            Part::Text {
                text: "{\"city\":\"Bern\"}".into(),
            },
            Finish::Stop,
        ),
        Case::Tools => {
            let call = Part::ToolCall {
                id: "t-9".into(),
                name: "look".into(),
                arguments: "{\"city\":\"Bern\"}".into(),
            };
            (call, Finish::ToolCalls)
        }
    }
}

/// A provider's recorded answer. `own` is false when the call was translated for it.
fn recorded(provider: ProviderProtocol, case: Case, stream: bool, own: bool) -> (String, &'static str) {
    let body = match provider {
        ProviderProtocol::Openai => recorded_openai(case, stream),
        ProviderProtocol::Anthropic => recorded_anthropic(case, stream, own),
        _ => recorded_gemini(case, stream),
    };
    (
        body,
        if stream {
            "text/event-stream; charset=utf-8"
        } else {
            "application/json"
        },
    )
}

fn recorded_openai(case: Case, stream: bool) -> String {
    let usage = json!({"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}});
    let (part, finish) = expected(case);
    let word = if finish == Finish::ToolCalls {
        "tool_calls"
    } else {
        "stop"
    };
    let message = match &part {
        Part::Text { text } => json!({"role": "assistant", "content": text}),
        _ => {
            json!({"role": "assistant", "content": null, "tool_calls": [{"index": 0, "id": "t-9", "type": "function",
            "function": {"name": "look", "arguments": "{\"city\":\"Bern\"}"}}]})
        }
    };
    if !stream {
        return json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-x", "service_tier": "default",
            "choices": [{"index": 0, "message": message, "finish_reason": word}], "usage": usage}).to_string();
    }
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-x", "usage": null,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        format!("data: {chunk}\n\n")
    };
    let last = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-x", "choices": [], "usage": usage});
    let first = json!({"role": "assistant", "content": ""});
    [
        ": OPENROUTER PROCESSING\n\n".to_owned(),
        chunk(first, Value::Null),
        chunk(message, Value::Null),
        chunk(json!({}), json!(word)),
        format!("data: {last}\n\ndata: [DONE]\n\n"),
    ]
    .concat()
}

fn recorded_anthropic(case: Case, stream: bool, own: bool) -> String {
    let usage = json!({"input_tokens": 8, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0, "output_tokens": 5});
    let tool =
        |id: &str, name: &str| json!({"type": "tool_use", "id": id, "name": name, "input": {"city": "Bern"}});
    let (block, word) = match (case, expected(case).0) {
        (Case::Tools, _) => (tool("t-9", "look"), "tool_use"),
        (Case::Schema, _) if !own => (tool("t-0", "give_answer"), "tool_use"),
        (_, Part::Text { text }) => (json!({"type": "text", "text": text}), "end_turn"),
        (_, other) => panic!("{other:?}"),
    };
    if !stream {
        return json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [block],
            "stop_reason": word, "stop_sequence": null, "usage": usage}).to_string();
    }
    let event = |value: Value| {
        format!(
            "event: {}\r\ndata: {value}\r\n\r\n",
            value["type"].as_str().unwrap()
        )
    };
    let (start, delta) = if block["type"] == "text" {
        (
            json!({"type": "text", "text": ""}),
            json!({"type": "text_delta", "text": block["text"]}),
        )
    } else {
        let mut start = block.clone();
        start["input"] = json!({});
        (
            start,
            json!({"type": "input_json_delta", "partial_json": "{\"city\":\"Bern\"}"}),
        )
    };
    [
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
            "content": [], "stop_reason": null, "usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 1}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": start}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": word, "stop_sequence": null}, "usage": {"output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ]
    .map(event)
    .concat()
}

fn recorded_gemini(case: Case, stream: bool) -> String {
    let usage = json!({"promptTokenCount": 12, "cachedContentTokenCount": 4, "candidatesTokenCount": 3, "thoughtsTokenCount": 2});
    let part = match expected(case).0 {
        Part::Text { text } => json!({"text": text}),
        _ => json!({"functionCall": {"id": "t-9", "name": "look", "args": {"city": "Bern"}}}),
    };
    let chunk = |parts: Value, finish: Value| {
        json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
            "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r-1"})
    };
    if !stream {
        return chunk(json!([part]), json!("STOP")).to_string();
    }
    let (first, last) = (
        chunk(json!([part]), Value::Null),
        chunk(json!([{"text": ""}]), json!("STOP")),
    );
    format!("data: {first}\r\n\r\ndata: {last}\r\n\r\n")
}

/// What came of a call: the raw bytes if passed through, the neutral answer.
async fn outcome(answer: UpstreamAnswer) -> Result<(Vec<u8>, Answer), UpstreamError> {
    match answer {
        UpstreamAnswer::Whole(whole) => Ok((whole.raw.unwrap_or_default().to_vec(), whole.answer)),
        UpstreamAnswer::Stream(mut stream) => {
            let (mut raw, mut collector) = (Vec::new(), AnswerCollector::default());
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                raw.extend_from_slice(&piece.raw.unwrap_or_default());
                piece.deltas.iter().for_each(|delta| collector.push(delta));
                if piece.done {
                    assert!(stream.next().await.is_none());
                    return Ok((raw, collector.finish().unwrap()));
                }
            }
            panic!("a stream ended with neither done nor error");
        }
    }
}

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
async fn a_stream_cut_at_any_byte_is_never_complete() {
    for to in PROVIDERS {
        for case in CASES {
            let (body, _) = recorded(to, case, true, false);
            for cut in 0..body.len() {
                let events = sse::SseParser::default().push(&body.as_bytes()[..cut]).unwrap();
                let done = match to {
                    ProviderProtocol::Openai => completes(
                        crate::protocol::chat_completions::event::EventDecoder::default(),
                        events,
                    ),
                    ProviderProtocol::Anthropic => {
                        completes(crate::protocol::messages::event::EventDecoder::default(), events)
                    }
                    _ => completes(crate::protocol::gemini::event::EventDecoder::default(), events),
                };
                // The very last byte is the line feed of a blank line whose carriage return already came.
                let whole = body.ends_with("\r\n") && cut == body.len() - 1;
                assert_eq!(done, whole, "{to:?} {case:?} cut at {cut} of {}", body.len());
            }
        }
    }
}

fn completes<D: event_stream::DecodeEvents>(decoder: D, events: Vec<sse::SseEvent>) -> bool {
    let mut pieces = event_stream::Pieces::new("p", decoder, event_stream::PassRaw::Nothing, None);
    events.into_iter().any(|event| pieces.piece(event).unwrap().done)
}

/// The error that a reply leads to.
async fn error_of(to: ProviderProtocol, reply: Vec<u8>, stream: bool) -> UpstreamError {
    let (base_url, _served) = fake(reply).await;
    let mut call = call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, stream));
    call.first_byte_timeout = Duration::from_millis(900);
    call.idle_timeout = Duration::from_millis(300);
    match provider(to, &base_url, "THE_KEY").call(call).await {
        Err(error) => error,
        Ok(answer) => outcome(answer).await.expect_err("an error was expected"),
    }
}

#[tokio::test]
async fn every_fault_has_its_kind() {
    use UpstreamErrorKind::*;
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:44 GMT\r\n";
    for to in PROVIDERS {
        for stream in [false, true] {
            let (good, kind) = recorded(to, Case::Text, stream, false);
            let cut = http("200 OK", kind, "", &good);
            let json = "application/json";
            let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
            let huge = format!("data: {}\n\n", "x".repeat(2_000_000));
            let cells: Vec<(&str, Vec<u8>, UpstreamErrorKind, Option<u64>)> = vec![
                (
                    "429",
                    http("429 Too Many Requests", json, "retry-after: 3\r\n", "{}"),
                    RateLimited,
                    Some(3000),
                ),
                (
                    "429 date",
                    http("429 Too Many Requests", json, date, "{}"),
                    RateLimited,
                    Some(7000),
                ),
                (
                    "429 plain",
                    http("429 Too Many Requests", "text/plain", "", "slow"),
                    RateLimited,
                    None,
                ),
                ("500", http("500 Oops", json, "", "{}"), Overloaded, None),
                (
                    "503 wait",
                    http("503 Busy", "text/html", "retry-after: 1\r\n", "<html>"),
                    Overloaded,
                    Some(1000),
                ),
                ("529", http("529 Overloaded", json, "", "{}"), Overloaded, None),
                (
                    "401",
                    http(
                        "401 No",
                        json,
                        "",
                        r#"{"error":{"message":"bad key sk-very-secret"}}"#,
                    ),
                    Unauthorized,
                    None,
                ),
                ("404", http("404 Not Found", json, "", "{}"), NotSupported, None),
                (
                    "400",
                    http("400 Bad", json, "", r#"{"error":{"message":"no"}}"#),
                    BadRequest,
                    None,
                ),
                (
                    "redirect",
                    http("302 Found", json, "location: http://127.0.0.1:1/\r\n", ""),
                    Malformed,
                    None,
                ),
                (
                    "html",
                    http("200 OK", "text/html", "", "<html>hello"),
                    Malformed,
                    None,
                ),
                (
                    "half json",
                    http(
                        "200 OK",
                        kind,
                        "",
                        if stream { "data: {\"a\":\n\n" } else { "{\"a\":" },
                    ),
                    Malformed,
                    None,
                ),
                (
                    "deep json",
                    http(
                        "200 OK",
                        kind,
                        "",
                        &if stream { format!("data: {deep}\n\n") } else { deep },
                    ),
                    Malformed,
                    None,
                ),
                ("cut", cut[..cut.len() - 20].to_vec(), Truncated, None),
                ("closed", Vec::new(), Connection, None),
                (
                    "no answer",
                    b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec(),
                    Connection,
                    None,
                ),
            ];
            for (name, reply, expected, wait) in cells {
                let error = error_of(to, reply, stream).await;
                assert_eq!(
                    (error.kind, error.retry_after_ms),
                    (expected, wait),
                    "{to:?} {name} stream={stream}: {error}"
                );
                assert!(!error.message.contains("very-secret"), "{error}");
            }
            if stream {
                assert_eq!(
                    error_of(to, http("200 OK", kind, "", &huge), true).await.kind,
                    Malformed
                );
                assert_eq!(
                    error_of(to, http("200 OK", kind, "", ""), true).await.kind,
                    Truncated
                );
            }
        }
    }
}

#[tokio::test]
async fn nobody_there_and_no_key() {
    let call = || call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, false));
    let gone = provider(ProviderProtocol::Openai, "http://127.0.0.1:1/v1", "THE_KEY")
        .call(call())
        .await
        .err()
        .unwrap();
    assert_eq!(gone.kind, UpstreamErrorKind::Connection, "{gone}");
    let keyless = provider(ProviderProtocol::Anthropic, "http://127.0.0.1:1/v1", "OTHER")
        .call(call())
        .await
        .err()
        .unwrap();
    assert_eq!(keyless.kind, UpstreamErrorKind::Unauthorized);
    assert_eq!(
        keyless.message,
        "p needs a key, and the environment variable OTHER is not set"
    );
}

/// A server that sends `start` and then nothing, or one byte now and then.
async fn slow(start: Vec<u8>, drip: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 65536];
        let _ = socket.read(&mut buffer).await;
        let _ = socket.write_all(&start).await;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if drip && socket.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn silence_and_dripping_are_timeouts() {
    let event = format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]})
    );
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    for (start, drip) in [
        ("", false),
        (head, false),
        (head, true),
        (&format!("{head}{event}"), false),
        (&format!("{head}{event}data: "), true),
    ] {
        let base_url = slow(start.as_bytes().to_vec(), drip).await;
        let mut call = call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, true));
        call.first_byte_timeout = Duration::from_millis(400);
        call.idle_timeout = Duration::from_millis(300);
        let begun = std::time::Instant::now();
        let error = match provider(ProviderProtocol::Openai, &base_url, "THE_KEY")
            .call(call)
            .await
        {
            Err(error) => error,
            Ok(answer) => outcome(answer).await.unwrap_err(),
        };
        assert_eq!(
            error.kind,
            UpstreamErrorKind::Timeout,
            "{start:?} {drip}: {error}"
        );
        assert!(begun.elapsed() < Duration::from_millis(1700), "{start:?} {drip}");
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
