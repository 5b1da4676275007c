//! The simulated provider as the router sees it, on paused time.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{protocol::AnswerCollector, protocol::parse_chat, provider::test_call::call_of};
use serde_json::json;
use tokio::time::Instant;

fn chat(stream: bool, simulate: &str) -> UpstreamCall {
    let body = json!({"model": "sim-mini", "stream": stream,
        "messages": [{"role": "user", "content": "How do I bake bread?"}]});
    UpstreamCall {
        simulate: Some(simulate.into()),
        ..call_of(ClientProtocol::ChatCompletions, "sim-mini", body)
    }
}

async fn whole(call: UpstreamCall) -> Result<Answer, UpstreamError> {
    match Simulated::default().call(call).await? {
        UpstreamAnswer::Whole(whole) => Ok(whole.answer),
        UpstreamAnswer::Stream(mut stream) => {
            let mut collector = AnswerCollector::default();
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                piece.deltas.iter().for_each(|delta| collector.push(delta));
                if piece.done {
                    return Ok(collector.finish().unwrap());
                }
            }
            panic!("the stream ended without being done");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_request_gets_the_same_answer_streamed_or_not() {
    let first = whole(chat(false, "")).await.unwrap();
    assert_eq!(whole(chat(false, "")).await.unwrap(), first);
    assert_eq!(whole(chat(true, "")).await.unwrap(), first);
    let Part::Text { text } = &first.parts[0] else {
        panic!()
    };
    assert!(
        text.starts_with("(simulated) About \"How do I bake bread?\": "),
        "{text}"
    );
    let usage = first.usage.unwrap();
    assert!(
        usage.input >= 5 && (25..=210).contains(&usage.output),
        "{usage:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn latency_is_obeyed_to_the_millisecond() {
    for stream in [false, true] {
        let start = Instant::now();
        whole(chat(stream, "latency_ms=200,tokens=20")).await.unwrap();
        let took = start.elapsed().as_millis();
        assert!((200..=250).contains(&took), "{took}");
    }
    let start = Instant::now();
    whole(chat(false, "instant")).await.unwrap();
    assert!(start.elapsed().as_millis() < 2);
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_what_it_says() {
    use UpstreamErrorKind::*;
    for stream in [false, true] {
        for (simulate, kind) in [
            ("fault=429,retry_after=2", RateLimited),
            ("fault=500", Overloaded),
            ("fault=401", Unauthorized),
            ("fault=400", BadRequest),
            ("fault=timeout", Timeout),
            ("fault=reset", Connection),
            ("fault=malformed", Malformed),
            ("fault=stall", Timeout),
            ("cut_after=3", Truncated),
            ("cut_after=0", Truncated),
            ("nonsense", BadRequest),
        ] {
            let error = whole(chat(stream, simulate)).await.unwrap_err();
            assert_eq!(error.kind, kind, "{simulate} {stream}");
            assert_eq!(
                error.retry_after_ms,
                simulate.contains("retry_after").then_some(2000)
            );
        }
        assert!(whole(chat(stream, "fault=empty")).await.unwrap().parts.is_empty());
        assert_eq!(
            whole(chat(stream, "fault=refuse")).await.unwrap().finish,
            Finish::Refused
        );
        assert_eq!(whole(chat(stream, "fault=no_usage")).await.unwrap().usage, None);
    }
    let unknown = UpstreamCall {
        model: "gpt-5".into(),
        ..chat(false, "")
    };
    assert_eq!(whole(unknown).await.unwrap_err().kind, NotSupported);
}

#[tokio::test(start_paused = true)]
async fn a_fault_with_times_passes() {
    let provider = Simulated::default();
    let call = || chat(false, "instant,fault=503,times=2");
    assert!(provider.call(call()).await.is_err());
    assert!(provider.call(call()).await.is_err());
    assert!(provider.call(call()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn tools_schemas_and_length_are_understood() {
    let mut call = chat(false, "instant,fault=tool");
    let mut body = (*call.body).clone();
    body["tools"] = json!([{"type": "function", "function": {"name": "look",
        "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}}}}]);
    call.chat = parse_chat(ClientProtocol::ChatCompletions, &body).unwrap().into();
    let answer = whole(call).await.unwrap();
    assert!(
        matches!(&answer.parts[0], Part::ToolCall { name, arguments, .. } if name == "look" && arguments == "{\"x\":1}")
    );

    let mut call = chat(true, "instant");
    let mut body = (*call.body).clone();
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "n", "schema":
        {"type": "object", "properties": {"ok": {"type": "boolean"}}}}});
    call.chat = parse_chat(ClientProtocol::ChatCompletions, &body).unwrap().into();
    assert_eq!(
        whole(call).await.unwrap().parts,
        [Part::Text {
            text: "{\"ok\":true}".into()
        }]
    );

    let mut call = chat(false, "instant,tokens=50");
    let mut body = (*call.body).clone();
    body["max_tokens"] = json!(10);
    call.chat = parse_chat(ClientProtocol::ChatCompletions, &body).unwrap().into();
    assert_eq!(whole(call).await.unwrap().finish, Finish::Length);
}

#[tokio::test(start_paused = true)]
async fn embeddings_come_in_openais_form() {
    let body = json!({"model": "sim-embed", "input": ["a b", "c"], "encoding_format": "base64"});
    let call = call_of(ClientProtocol::Embeddings, "sim-embed", body);
    let Ok(UpstreamAnswer::Whole(whole)) = Simulated::default().call(call).await else {
        panic!()
    };
    let body: serde_json::Value = serde_json::from_slice(&whole.raw.unwrap()).unwrap();
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
    assert!(body["data"][1]["embedding"].is_string());
    assert!(whole.answer.usage.unwrap().input > 0);
}
