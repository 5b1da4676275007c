//! Both chat protocols against each other: what is written by one side is read by the other.
#![allow(clippy::unwrap_used)]

use super::{collect::tests::any_answer, *};
use crate::{provider::sse::SseParser, request::Finish};
use proptest::prelude::*;

/// Reads a stream as a provider's would be read; none when it is not whole.
fn read(protocol: ClientProtocol, bytes: &[u8]) -> Result<Option<Answer>, StreamFault> {
    let mut collector = AnswerCollector::default();
    let mut completions = chat_completions::event::EventDecoder::default();
    let mut messages = messages::event::EventDecoder::new(None);
    let mut parser = SseParser::default();
    for event in parser.push(bytes).unwrap() {
        let decoded = match protocol {
            ClientProtocol::Messages => messages.decode(&event.data)?,
            _ => completions.decode(&event.data)?,
        };
        for delta in &decoded.deltas {
            collector.push(delta);
        }
        if decoded.done {
            return Ok(collector.finish());
        }
    }
    Ok(None)
}

fn write(protocol: ClientProtocol, deltas: &[Delta]) -> Vec<u8> {
    let mut encoder = StreamEncoder::new(protocol, "a-1", "m", 1_700_000_000, true);
    let mut bytes = Vec::new();
    for delta in deltas {
        bytes.extend_from_slice(&encoder.push(delta));
    }
    bytes.extend_from_slice(&encoder.finish());
    bytes
}

proptest! {
    #[test]
    fn a_stream_written_and_read_again_is_the_same(answer in any_answer()) {
        for protocol in [ClientProtocol::ChatCompletions, ClientProtocol::Messages] {
            let bytes = write(protocol, &replay(&answer));
            prop_assert_eq!(read(protocol, &bytes), Ok(Some(answer.clone())));
        }
    }
}

#[test]
fn mixed_tool_calls_become_blocks_one_after_the_other() {
    let start = |index, id: &str| Delta::ToolStart {
        index,
        id: id.into(),
        name: "f".into(),
    };
    let more = |index, json: &str| Delta::ToolArguments {
        index,
        json: json.into(),
    };
    let deltas = [
        start(0, "a"),
        start(1, "b"),
        more(0, "{\"x\""),
        more(1, "{\"y\":2}"),
        more(0, ":1}"),
        Delta::Finish(Finish::ToolCalls),
    ];
    let bytes = write(ClientProtocol::Messages, &deltas);
    let text = String::from_utf8(bytes.clone()).unwrap();
    let order: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("event: content_block_"))
        .collect();
    assert_eq!(
        order,
        ["start", "delta", "delta", "stop", "start", "delta", "stop"]
    );
    let answer = read(ClientProtocol::Messages, &bytes).unwrap().unwrap();
    let call = |id: &str, arguments: &str| Part::ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: arguments.into(),
    };
    assert_eq!(answer.parts, [call("a", "{\"x\":1}"), call("b", "{\"y\":2}")]);
}

#[test]
fn usage_is_streamed_only_when_asked_for() {
    let mut encoder = StreamEncoder::new(ClientProtocol::ChatCompletions, "a", "m", 1, false);
    let tokens = weir_contract::model::usage::TokenUsage {
        input: 5,
        ..Default::default()
    };
    encoder.push(&Delta::Usage(tokens.into()));
    let text = String::from_utf8(encoder.finish().to_vec()).unwrap();
    assert!(
        !text.contains("usage") && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
}

#[test]
fn an_error_event_is_no_clean_end() {
    for protocol in [ClientProtocol::ChatCompletions, ClientProtocol::Messages] {
        let mut encoder = StreamEncoder::new(protocol, "a", "m", 1, true);
        let mut bytes = encoder.push(&Delta::Text("half".into())).to_vec();
        bytes.extend_from_slice(&encoder.error("upstream_cut", "The answer broke off."));
        assert!(
            matches!(read(protocol, &bytes), Err(StreamFault::Reported { .. })),
            "{protocol:?}"
        );
    }
}

#[test]
fn a_stream_cut_anywhere_is_never_whole() {
    let answer = Answer {
        id: "a-1".into(),
        model: "m".into(),
        parts: vec![
            Part::Text {
                text: "Grüße aus Zürich".into(),
            },
            Part::ToolCall {
                id: "t".into(),
                name: "f".into(),
                arguments: "{\"x\":1}".into(),
            },
        ],
        finish: Finish::ToolCalls,
        usage: None,
    };
    for protocol in [ClientProtocol::ChatCompletions, ClientProtocol::Messages] {
        let bytes = write(protocol, &replay(&answer));
        for cut in 0..bytes.len() {
            assert!(
                !matches!(read(protocol, &bytes[..cut]), Ok(Some(_))),
                "{protocol:?} cut at {cut}"
            );
        }
        assert!(matches!(read(protocol, &bytes), Ok(Some(_))));
    }
}
