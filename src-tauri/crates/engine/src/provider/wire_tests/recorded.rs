//! Questions as clients ask them and answers as providers record them.
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Text,
    Tools,
    Image,
    Schema,
}
pub(super) const CASES: [Case; 4] = [Case::Text, Case::Tools, Case::Image, Case::Schema];

pub(super) fn schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

/// The same question in a client's protocol.
pub(super) fn question(client: ClientProtocol, case: Case, stream: bool) -> Value {
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
pub(super) fn expected(case: Case) -> (Part, Finish) {
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
pub(super) fn recorded(
    provider: ProviderProtocol,
    case: Case,
    stream: bool,
    own: bool,
) -> (String, &'static str) {
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

pub(super) fn recorded_openai(case: Case, stream: bool) -> String {
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

pub(super) fn recorded_anthropic(case: Case, stream: bool, own: bool) -> String {
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

pub(super) fn recorded_gemini(case: Case, stream: bool) -> String {
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
