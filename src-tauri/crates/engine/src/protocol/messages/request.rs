//! A neutral call as a messages body, for providers that a client of another protocol reaches.
//!
//! Structured output is asked for as a tool whose arguments are the answer: every Claude model knows tools, while the native
//! `output_config` is refused by older models and by many schemas. [`OUTPUT_TOOL`] is turned back into text on the way in.

use super::arguments_object;
use crate::{
    protocol::shape::add_system,
    request::{Chat, OutputFormat, Part, Role, ToolChoice, Turn},
};
use serde_json::{Map, Value, json};

/// The tool whose arguments are a structured answer.
pub const OUTPUT_TOOL: &str = "give_answer";

/// Sent when the client gave none, because this protocol requires one.
pub const DEFAULT_MAX_TOKENS: u32 = 4096;

/// The output tool's name when this call uses it.
#[must_use]
pub fn output_tool(chat: &Chat) -> Option<&'static str> {
    match &chat.output {
        OutputFormat::Schema { schema, .. } if schema.get("type") == Some(&json!("object")) => {
            Some(OUTPUT_TOOL)
        }
        _ => None,
    }
}

/// Writes the body. Earlier reasoning is left out: unsigned thinking is refused.
///
/// # Errors
/// A sentence, when a tool call's arguments are not a JSON object.
pub fn encode(chat: &Chat, model: &str) -> Result<Value, String> {
    let mut body = Map::new();
    body.insert("model".into(), json!(model));
    body.insert(
        "max_tokens".into(),
        json!(chat.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)),
    );
    let system = system_with_output(chat);
    if !system.is_empty() {
        body.insert("system".into(), json!(system));
    }
    let mut messages: Vec<Value> = Vec::new();
    for turn in &chat.turns {
        let content = blocks(turn)?;
        if content.is_empty() {
            continue;
        }
        let role = if turn.role == Role::User {
            "user"
        } else {
            "assistant"
        };
        messages.push(json!({"role": role, "content": content}));
    }
    body.insert("messages".into(), Value::Array(messages));
    if let Some(temperature) = chat.temperature {
        // Others go up to 2; here 1 is the highest.
        body.insert("temperature".into(), json!(temperature.min(1.0)));
    } else if let Some(top_p) = chat.top_p {
        // Newer models refuse both at once.
        body.insert("top_p".into(), json!(top_p));
    }
    // A stop text of blanks only is refused here.
    let stop: Vec<&String> = chat.stop.iter().filter(|text| !text.trim().is_empty()).collect();
    if !stop.is_empty() {
        body.insert("stop_sequences".into(), json!(stop));
    }
    add_tools(&mut body, chat);
    if chat.stream {
        body.insert("stream".into(), json!(true));
    }
    Ok(Value::Object(body))
}

/// The system prompt, with words about JSON where no tool can ask for it.
fn system_with_output(chat: &Chat) -> String {
    let mut system = chat.system.clone();
    match &chat.output {
        OutputFormat::Json => add_system(
            &mut system,
            "Answer with one JSON object and nothing else, without code fences.",
        ),
        OutputFormat::Schema { schema, .. } if output_tool(chat).is_none() => add_system(
            &mut system,
            &format!(
                "Answer with JSON and nothing else, without code fences. It must fit this JSON schema:\n{schema}"
            ),
        ),
        _ => {}
    }
    system
}

fn add_tools(body: &mut Map<String, Value>, chat: &Chat) {
    let mut tools: Vec<Value> = chat
        .tools
        .iter()
        .map(|tool| {
            let mut entry = json!({"name": tool.name});
            if !tool.description.is_empty() {
                entry["description"] = json!(tool.description);
            }
            entry["input_schema"] = tool.parameters.clone();
            entry
        })
        .collect();
    let mut choice = match &chat.tool_choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!({"type": "none"})),
        ToolChoice::Required => Some(json!({"type": "any"})),
        ToolChoice::Named(name) => Some(json!({"type": "tool", "name": name})),
    };
    if let (Some(name), OutputFormat::Schema { schema, .. }) = (output_tool(chat), &chat.output) {
        tools.push(json!({"name": name, "description": "Gives the final answer to the user. Always answer with this tool.",
            "input_schema": schema}));
        choice = match &chat.tool_choice {
            // The model may still ask for a real tool, but may not answer in prose.
            ToolChoice::Auto if !chat.tools.is_empty() => Some(json!({"type": "any"})),
            ToolChoice::Auto | ToolChoice::None => Some(json!({"type": "tool", "name": name})),
            ToolChoice::Required | ToolChoice::Named(_) => choice,
        };
    }
    if tools.is_empty() {
        return;
    }
    body.insert("tools".into(), Value::Array(tools));
    if chat.parallel_tools == Some(false) && chat.tool_choice != ToolChoice::None {
        choice.get_or_insert_with(|| json!({"type": "auto"}))["disable_parallel_tool_use"] = json!(true);
    }
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
}

fn blocks(turn: &Turn) -> Result<Vec<Value>, String> {
    let mut results = Vec::new();
    let mut others = Vec::new();
    for part in &turn.parts {
        match part {
            // Blocks without visible text are refused.
            Part::Text { text } if text.trim().is_empty() => {}
            Part::Text { text } => others.push(json!({"type": "text", "text": text})),
            Part::ImageUrl { url } => {
                others.push(json!({"type": "image", "source": {"type": "url", "url": url}}));
            }
            Part::ImageBase64 { media_type, data } => others.push(json!({"type": "image",
                "source": {"type": "base64", "media_type": media_type, "data": data}})),
            Part::Reasoning { .. } => {}
            Part::ToolCall { id, name, arguments } => {
                let input = arguments_object(arguments)
                    .ok_or_else(|| format!("the arguments of tool call `{id}` are not a JSON object"))?;
                others.push(json!({"type": "tool_use", "id": safe_id(id), "name": name, "input": input}));
            }
            // Results must come first in their turn.
            Part::ToolResult {
                id,
                content,
                is_error,
            } => {
                let mut block =
                    json!({"type": "tool_result", "tool_use_id": safe_id(id), "content": content});
                if *is_error {
                    block["is_error"] = json!(true);
                }
                results.push(block);
            }
        }
    }
    results.append(&mut others);
    Ok(results)
}

/// Ids may hold only letters, digits, `_` and `-` here.
fn safe_id(id: &str) -> String {
    id.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect()
}
