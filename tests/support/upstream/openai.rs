//! OpenAI's form: chat completions, embeddings, models.

use super::script::{Asked, Content, Tokens, WORDS, pieces, text_and_images, words_vector};
use serde_json::{Value, json};

pub(crate) fn asked(body: &Value) -> Asked {
    let mut asked = Asked::default();
    for message in body["messages"].as_array().into_iter().flatten() {
        match message["role"].as_str() {
            Some("user") => {
                let (text, images) = text_and_images(&message["content"]);
                asked = Asked {
                    last_user_text: text,
                    images,
                    ..Asked::default()
                };
            }
            Some("tool") => asked.tool_result = Some(text_and_images(&message["content"]).0),
            _ => {}
        }
    }
    let allowed = body["tool_choice"] != "none";
    asked.tool = body["tools"].get(0).filter(|_| allowed).map(|tool| {
        let function = &tool["function"];
        (
            function["name"].as_str().unwrap_or_default().to_owned(),
            function["parameters"].clone(),
        )
    });
    asked.schema = body.pointer("/response_format/json_schema/schema").cloned();
    asked
}

fn usage(tokens: &Tokens) -> Value {
    let prompt = tokens.input + tokens.cache_read;
    let completion = tokens.output + tokens.reasoning;
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

pub(crate) fn whole(number: usize, model: &str, content: &Content, tokens: &Tokens) -> Value {
    let (message, finish) = match content {
        Content::Text(text) => (
            json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}),
            "stop",
        ),
        Content::Tool { name, arguments } => (
            json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [{"id": format!("call_{number}"),
                "type": "function", "function": {"name": name, "arguments": arguments.to_string()}}]}),
            "tool_calls",
        ),
        Content::Empty => (
            json!({"role": "assistant", "content": "", "refusal": null}),
            "stop",
        ),
        Content::Refused => (
            json!({"role": "assistant", "content": null, "refusal": "I cannot help with that."}),
            "stop",
        ),
    };
    let mut body = json!({"id": format!("chatcmpl-{number}"), "object": "chat.completion", "created": 1_790_000_000, "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "service_tier": "default", "system_fingerprint": "fp_fake"});
    if tokens.reported {
        body["usage"] = usage(tokens);
    }
    body
}

pub(crate) fn events(
    number: usize,
    model: &str,
    content: &Content,
    tokens: &Tokens,
    with_usage: bool,
) -> Vec<String> {
    let chunk = |choices: Value| {
        json!({"id": format!("chatcmpl-{number}"), "object": "chat.completion.chunk", "created": 1_790_000_000, "model": model,
            "service_tier": "default", "system_fingerprint": "fp_fake", "choices": choices})
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]))
    };
    let mut chunks = vec![delta(
        json!({"role": "assistant", "content": "", "refusal": null}),
        Value::Null,
    )];
    let mut finish = "stop";
    match content {
        Content::Text(text) => chunks.extend(
            pieces(text)
                .into_iter()
                .map(|piece| delta(json!({"content": piece}), Value::Null)),
        ),
        Content::Tool { name, arguments } => {
            finish = "tool_calls";
            chunks.push(delta(
                json!({"tool_calls": [{"index": 0, "id": format!("call_{number}"), "type": "function",
                    "function": {"name": name, "arguments": ""}}]}),
                Value::Null,
            ));
            let text = arguments.to_string();
            let (first, second) = text.split_at(text.len() / 2);
            for part in [first, second] {
                chunks.push(delta(
                    json!({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}),
                    Value::Null,
                ));
            }
        }
        Content::Empty => {}
        Content::Refused => chunks.push(delta(json!({"refusal": "I cannot help with that."}), Value::Null)),
    }
    chunks.push(delta(json!({}), json!(finish)));
    if with_usage && tokens.reported {
        let mut last = chunk(json!([]));
        last["usage"] = usage(tokens);
        chunks.push(last);
    }
    let mut events: Vec<String> = chunks
        .into_iter()
        .map(|chunk| format!("data: {chunk}\n\n"))
        .collect();
    events.push("data: [DONE]\n\n".to_owned());
    events
}

pub(crate) fn embeddings(body: &Value, model: &str, tokens: &Tokens) -> Value {
    let count = body["input"].as_array().map_or(1, Vec::len);
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let vector = |index: usize| -> Value {
        let numbers = if model == WORDS {
            let dims = body["dimensions"].as_u64().unwrap_or(64);
            words_vector(texts.get(index).copied().unwrap_or_default(), dims)
        } else {
            vec![0.5_f32, 0.25, index as f32]
        };
        if body["encoding_format"] == "base64" {
            use base64::{Engine, engine::general_purpose::STANDARD};
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        } else {
            json!(numbers)
        }
    };
    let data: Vec<Value> = (0..count)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector(index)}))
        .collect();
    json!({"object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": tokens.input, "total_tokens": tokens.input}})
}

pub(crate) fn models() -> Value {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "fake"});
    json!({"object": "list", "data": [model("gpt-5-nano"), model("gpt-5-mini")]})
}

pub(crate) fn error(status: u16) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        404 => ("invalid_request_error", json!("model_not_found")),
        429 => ("requests", json!("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    json!({"error": {"message": format!("The fake provider answers {status}."), "type": kind, "param": null, "code": code}})
}

pub(crate) fn error_event() -> String {
    format!(
        "data: {}\n\n",
        json!({"error": {"message": "The server had an error.", "type": "server_error", "param": null, "code": null}})
    )
}
