//! What a messages body becomes, and what is said about a bad one.
#![allow(clippy::unwrap_used)]

use super::*;
use serde_json::json;

#[test]
fn a_full_conversation_is_read() {
    let chat = parse(&json!({
        "model": "claude-haiku-4-5", "max_tokens": 64, "stop_sequences": ["END"], "top_k": 5,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"x": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": true,
                "content": [{"type": "text", "text": "no"}, {"type": "text", "text": "cat"}]}]},
        ],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
    }))
    .unwrap();
    assert_eq!((chat.system.as_str(), chat.max_tokens), ("Be brief.", Some(64)));
    assert_eq!(chat.turns[0].parts.len(), 3);
    assert_eq!(
        chat.turns[1].parts[1],
        Part::ToolCall {
            id: "t1".into(),
            name: "look".into(),
            arguments: "{\"x\":1}".into()
        }
    );
    assert_eq!(
        chat.turns[2].parts,
        [Part::ToolResult {
            id: "t1".into(),
            content: "no\ncat".into(),
            is_error: true
        }]
    );
    assert_eq!(
        (&chat.tool_choice, chat.parallel_tools),
        (&ToolChoice::Required, Some(false))
    );
    assert!(matches!(chat.output, OutputFormat::Schema { .. }));
    assert!(!chat.same_protocol_only);
}

#[test]
fn what_only_this_protocol_can_do_is_marked() {
    for (name, value) in [
        (
            "tools",
            json!([{"type": "web_search_20250305", "name": "web_search"}]),
        ),
        ("mcp_servers", json!([{"type": "url"}])),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "document", "source": {}}]}]),
        ),
        (
            "messages",
            json!([{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]),
        ),
    ] {
        let mut call =
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]});
        call[name] = value;
        assert!(parse(&call).unwrap().same_protocol_only, "{call}");
    }
}

#[test]
fn bad_bodies_are_explained() {
    let user = json!([{"role": "user", "content": "hi"}]);
    for (bad, param) in [
        (json!({"model": "m", "messages": user}), "max_tokens"),
        (
            json!({"model": "m", "max_tokens": 0, "messages": user}),
            "max_tokens",
        ),
        (json!({"max_tokens": 1, "messages": user}), "model"),
        (json!({"model": "m", "max_tokens": 1}), "messages"),
        (
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "system", "content": "x"}]}),
            "messages[0].role",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user"}]}),
            "messages[0].content",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "text"}]}]}),
            "messages[0].content[0].text",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": user, "system": 5}),
            "system",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": user, "tools": [{"name": "x"}]}),
            "tools[0].input_schema",
        ),
        (
            json!({"model": "m", "max_tokens": 1, "messages": user, "tool_choice": "auto"}),
            "tool_choice",
        ),
    ] {
        let error = parse(&bad).expect_err(&bad.to_string());
        assert_eq!(error.param.as_deref(), Some(param), "{}", error.message);
    }
}
