//! Anthropic's form: messages, models.

use super::script::{Asked, Content, Tokens, pieces, text_and_images};
use serde_json::{Value, json};

pub(crate) fn asked(body: &Value) -> Asked {
    let mut asked = Asked::default();
    if let Some(message) = body["messages"].as_array().and_then(|messages| messages.last()) {
        (asked.last_user_text, asked.images) = text_and_images(&message["content"]);
        let results = message["content"].as_array().into_iter().flatten();
        asked.tool_result = results
            .filter(|part| part["type"] == "tool_result")
            .map(|part| text_and_images(&part["content"]).0)
            .next_back();
    }
    let tools = body["tools"]
        .as_array()
        .filter(|_| body["tool_choice"]["type"] != "none");
    let named = body["tool_choice"]["name"].as_str();
    let tool = tools.and_then(|tools| {
        tools
            .iter()
            .find(|tool| named.is_none_or(|name| tool["name"] == name))
    });
    asked.tool = tool.map(|tool| {
        (
            tool["name"].as_str().unwrap_or_default().to_owned(),
            tool["input_schema"].clone(),
        )
    });
    asked.schema = body
        .pointer("/output_config/format/schema")
        .or_else(|| body.pointer("/output_format/schema"))
        .cloned();
    asked
}

fn usage(tokens: &Tokens, output: i64) -> Value {
    json!({"input_tokens": tokens.input, "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read, "output_tokens": output, "service_tier": "standard"})
}

fn stop_of(content: &Content) -> &'static str {
    match content {
        Content::Tool { .. } => "tool_use",
        Content::Refused => "refusal",
        Content::Text(_) | Content::Empty => "end_turn",
    }
}

pub(crate) fn whole(number: usize, model: &str, content: &Content, tokens: &Tokens) -> Value {
    let blocks = match content {
        Content::Text(text) => json!([{"type": "text", "text": text}]),
        Content::Tool { name, arguments } => {
            json!([{"type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": arguments}])
        }
        Content::Empty | Content::Refused => json!([]),
    };
    let mut body = json!({"id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model, "content": blocks,
        "stop_reason": stop_of(content), "stop_sequence": null});
    if tokens.reported {
        body["usage"] = usage(tokens, tokens.output + tokens.reasoning);
    }
    body
}

pub(crate) fn events(number: usize, model: &str, content: &Content, tokens: &Tokens) -> Vec<String> {
    let event = |data: Value| {
        format!(
            "event: {}\ndata: {data}\n\n",
            data["type"].as_str().unwrap_or_default()
        )
    };
    let mut message = json!({"id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null});
    if tokens.reported {
        message["usage"] = usage(tokens, 1);
    }
    let mut events = vec![
        event(json!({"type": "message_start", "message": message})),
        event(json!({"type": "ping"})),
    ];
    let block = |start: Value, deltas: Vec<Value>| {
        let mut all = vec![event(
            json!({"type": "content_block_start", "index": 0, "content_block": start}),
        )];
        all.extend(
            deltas
                .into_iter()
                .map(|delta| event(json!({"type": "content_block_delta", "index": 0, "delta": delta}))),
        );
        all.push(event(json!({"type": "content_block_stop", "index": 0})));
        all
    };
    match content {
        Content::Text(text) => events.extend(block(
            json!({"type": "text", "text": ""}),
            pieces(text)
                .into_iter()
                .map(|piece| json!({"type": "text_delta", "text": piece}))
                .collect(),
        )),
        Content::Tool { name, arguments } => {
            let text = arguments.to_string();
            let (first, second) = text.split_at(text.len() / 2);
            let deltas =
                ["", first, second].map(|part| json!({"type": "input_json_delta", "partial_json": part}));
            events.extend(block(
                json!({"type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": {}}),
                deltas.to_vec(),
            ));
        }
        Content::Empty | Content::Refused => {}
    }
    let mut last =
        json!({"type": "message_delta", "delta": {"stop_reason": stop_of(content), "stop_sequence": null}});
    // The client's library needs the field, so it is there with a null count when usage is to be left out.
    last["usage"] = if tokens.reported {
        json!({"output_tokens": tokens.output + tokens.reasoning})
    } else {
        json!({})
    };
    events.push(event(last));
    events.push(event(json!({"type": "message_stop"})));
    events
}

pub(crate) fn models() -> Value {
    let model = |id: &str| json!({"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z"});
    json!({"data": [model("claude-haiku-4-5"), model("claude-sonnet-4-5")], "has_more": false, "first_id": "claude-haiku-4-5",
        "last_id": "claude-sonnet-4-5"})
}

pub(crate) fn error(status: u16) -> Value {
    let kind = match status {
        401 => "authentication_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": format!("The fake provider answers {status}.")}, "request_id": "req_fake"})
}

pub(crate) fn error_event() -> String {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    format!("event: error\ndata: {error}\n\n")
}
