//! What a chat-completions body becomes, and what is said about a bad one.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::request::{OutputFormat, ToolChoice};

#[test]
fn a_full_conversation_is_read() {
    let chat = parse(&json!({
        "model": "gpt-5-mini", "stream": true, "stream_options": {"include_usage": true},
        "max_tokens": 10, "max_completion_tokens": 20, "temperature": 0.5, "top_p": 1, "stop": "END",
        "parallel_tool_calls": false, "some_new_field": {"kept": true},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"x\":1}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "a dog"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.",
            "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "cat", "schema": {"type": "object"}, "strict": true}},
    }))
    .unwrap();
    assert_eq!(chat.system, "Be brief.\n\nBe kind.");
    assert_eq!(
        (chat.max_tokens, chat.temperature, chat.stop.as_slice()),
        (Some(20), Some(0.5), &["END".to_owned()][..])
    );
    assert!(chat.stream && chat.stream_usage && !chat.same_protocol_only);
    assert_eq!(chat.parallel_tools, Some(false));
    assert_eq!(chat.turns.len(), 3, "the two tool results are one user turn");
    assert_eq!(
        chat.turns[0].parts,
        [
            Part::Text {
                text: "What is this?".into()
            },
            Part::ImageBase64 {
                media_type: "image/png".into(),
                data: "AAAA".into()
            },
            Part::ImageUrl {
                url: "https://example.com/a.png".into()
            },
        ]
    );
    assert_eq!(
        chat.turns[2].parts[1],
        Part::ToolResult {
            id: "c2".into(),
            content: "a dog".into(),
            is_error: false
        }
    );
    assert_eq!(chat.tool_choice, ToolChoice::Named("look".into()));
    assert!(matches!(&chat.output, OutputFormat::Schema { name, strict: true, .. } if name == "cat"));
}

#[test]
fn what_only_this_protocol_can_do_is_marked() {
    let with = |extra: Value| {
        let mut call = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        for (name, value) in extra.as_object().unwrap() {
            call[name] = value.clone();
        }
        parse(&call).unwrap().same_protocol_only
    };
    for extra in [
        json!({"n": 2}),
        json!({"logprobs": true}),
        json!({"modalities": ["text", "audio"]}),
        json!({"audio": {"voice": "x"}}),
        json!({"tools": [{"type": "custom", "custom": {"name": "x"}}]}),
        json!({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}),
        json!({"web_search_options": {"search_context_size": "low"}}),
    ] {
        assert!(with(extra.clone()), "{extra}");
    }
    for extra in [
        json!({"n": 1, "logprobs": false, "modalities": ["text"], "logit_bias": {}}),
        json!({"n": null}),
    ] {
        assert!(!with(extra.clone()), "{extra}");
    }
}

#[test]
fn bad_bodies_are_explained() {
    let user = json!([{"role": "user", "content": "hi"}]);
    for (bad, param) in [
        (json!({"messages": user}), "model"),
        (json!({"model": " ", "messages": user}), "model"),
        (json!({"model": "m"}), "messages"),
        (json!({"model": "m", "messages": []}), "messages"),
        (json!({"model": "m", "messages": "hi"}), "messages"),
        (json!({"model": "m", "messages": ["hi"]}), "messages[0]"),
        (
            json!({"model": "m", "messages": [{"role": "robot", "content": "hi"}]}),
            "messages[0].role",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user"}]}),
            "messages[0].content",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": 5}]}),
            "messages[0].content",
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "content": "x"}]}),
            "messages[0].tool_call_id",
        ),
        (
            json!({"model": "m", "messages": user, "temperature": "hot"}),
            "temperature",
        ),
        (
            json!({"model": "m", "messages": user, "max_tokens": -1}),
            "max_tokens",
        ),
        (
            json!({"model": "m", "messages": user, "max_tokens": 1.5}),
            "max_tokens",
        ),
        (json!({"model": "m", "messages": user, "n": 0}), "n"),
        (json!({"model": "m", "messages": user, "stop": 7}), "stop"),
        (json!({"model": "m", "messages": user, "tools": {}}), "tools"),
        (
            json!({"model": "m", "messages": user, "tools": [{"type": "function"}]}),
            "tools[0].function",
        ),
        (
            json!({"model": "m", "messages": user, "tool_choice": "sometimes"}),
            "tool_choice",
        ),
        (
            json!({"model": "m", "messages": user, "response_format": "json"}),
            "response_format",
        ),
        (json!({"model": "m", "messages": user, "stream": 1}), "stream"),
    ] {
        let error = parse(&bad).expect_err(&bad.to_string());
        assert_eq!(error.param.as_deref(), Some(param), "{}", error.message);
        assert!(
            error.message.contains(param) && error.message.ends_with('.'),
            "{}",
            error.message
        );
    }
}
