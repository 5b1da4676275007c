//! A neutral call as a chat-completions body, for providers that a client of another protocol reaches.

use crate::request::{Chat, OutputFormat, Part, Role, ToolChoice, Turn};
use serde_json::{Map, Value, json};

/// Differences among the servers that speak this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// OpenAI itself: wants `max_completion_tokens`, and its reasoning models refuse `temperature` and `top_p`.
    /// Compatible servers often know only `max_tokens`.
    pub official: bool,
}

impl Dialect {
    /// What the server calls the most output tokens of this model. OpenAI's reasoning models refuse the old name wherever
    /// they are served.
    #[must_use]
    pub fn output_limit_name(self, model: &str) -> &'static str {
        if self.official || reasons(model) {
            "max_completion_tokens"
        } else {
            "max_tokens"
        }
    }
}

/// Writes the body. Earlier reasoning is left out: it means nothing to another model.
#[must_use]
pub fn encode(chat: &Chat, model: &str, dialect: Dialect) -> Value {
    let mut messages = Vec::new();
    if !chat.system.is_empty() {
        messages.push(json!({"role": "system", "content": chat.system}));
    }
    for turn in &chat.turns {
        add_turn(&mut messages, turn);
    }
    let mut body = Map::new();
    body.insert("model".into(), json!(model));
    body.insert("messages".into(), Value::Array(messages));
    if let Some(most) = chat.max_tokens {
        body.insert(dialect.output_limit_name(model).into(), json!(most));
    }
    if !(dialect.official && reasons(model)) {
        if let Some(temperature) = chat.temperature {
            body.insert("temperature".into(), json!(temperature));
        }
        if let Some(top_p) = chat.top_p {
            body.insert("top_p".into(), json!(top_p));
        }
        if !chat.stop.is_empty() {
            body.insert("stop".into(), json!(chat.stop));
        }
    }
    add_tools(&mut body, chat);
    match &chat.output {
        OutputFormat::Text => {}
        OutputFormat::Json => {
            body.insert("response_format".into(), json!({"type": "json_object"}));
        }
        OutputFormat::Schema { name, schema, strict } => {
            let format = json!({"type": "json_schema",
                "json_schema": {"name": name, "schema": schema, "strict": strict}});
            body.insert("response_format".into(), format);
        }
    }
    if chat.stream {
        body.insert("stream".into(), json!(true));
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
    Value::Object(body)
}

/// OpenAI's reasoning models: o1, o3, o4 …, gpt-5 ….
fn reasons(model: &str) -> bool {
    let o_series = model
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    o_series || model.starts_with("gpt-5")
}

fn add_tools(body: &mut Map<String, Value>, chat: &Chat) {
    if chat.tools.is_empty() {
        return;
    }
    let tools = chat.tools.iter().map(|tool| {
        json!({"type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.parameters}})
    });
    body.insert("tools".into(), tools.collect());
    let choice = match &chat.tool_choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!("none")),
        ToolChoice::Required => Some(json!("required")),
        ToolChoice::Named(name) => Some(json!({"type": "function", "function": {"name": name}})),
    };
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
    if let Some(parallel) = chat.parallel_tools {
        body.insert("parallel_tool_calls".into(), json!(parallel));
    }
}

fn add_turn(messages: &mut Vec<Value>, turn: &Turn) {
    let mut content = Vec::new();
    let mut calls = Vec::new();
    for part in &turn.parts {
        match part {
            Part::Text { text } => content.push(json!({"type": "text", "text": text})),
            Part::ImageUrl { url } => content.push(json!({"type": "image_url", "image_url": {"url": url}})),
            Part::ImageBase64 { media_type, data } => {
                let url = format!("data:{media_type};base64,{data}");
                content.push(json!({"type": "image_url", "image_url": {"url": url}}));
            }
            Part::ToolCall { id, name, arguments } => {
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                calls.push(json!({"id": id, "type": "function",
                    "function": {"name": name, "arguments": arguments}}));
            }
            // Results must follow the calls directly, so they go before whatever else the user said.
            Part::ToolResult { id, content, .. } => {
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": content}));
            }
            Part::Reasoning { .. } => {}
        }
    }
    let content = plain(content);
    match turn.role {
        Role::User if !content.is_null() => messages.push(json!({"role": "user", "content": content})),
        Role::User => {}
        Role::Assistant if calls.is_empty() && content.is_null() => {}
        Role::Assistant => {
            let mut message = json!({"role": "assistant", "content": content});
            if !calls.is_empty() {
                message["tool_calls"] = Value::Array(calls);
            }
            messages.push(message);
        }
    }
}

/// One text becomes a plain string, which every compatible server understands.
fn plain(mut content: Vec<Value>) -> Value {
    match content.len() {
        0 => Value::Null,
        1 if content[0]["type"] == "text" => content[0]["text"].take(),
        _ => Value::Array(content),
    }
}
