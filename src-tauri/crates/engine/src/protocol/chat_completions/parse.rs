//! A client's chat-completions body into Weir's own words.

use super::options::{add_output, add_tools};
use crate::{
    protocol::{
        BadRequest,
        shape::{
            add_system, body, field, flag, number, object, optional_list, optional_text, positive,
            required_list, required_text, split_data_url, stop_texts, wrong,
        },
    },
    request::{Chat, Part, Role, Turn},
};
use serde_json::{Map, Value, json};

/// Fields that ask for something only chat completions can give; any value but these harmless ones binds the call to it.
fn needs_own_protocol(call: &Map<String, Value>) -> bool {
    let asks = |name: &str| match field(call, name) {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let modalities = field(call, "modalities").is_some_and(|value| *value != json!(["text"]));
    let choices = field(call, "n").is_some_and(|value| value.as_u64() != Some(1));
    let text_only = [
        "logprobs",
        "top_logprobs",
        "audio",
        "logit_bias",
        "functions",
        "function_call",
        "web_search_options",
    ];
    modalities || choices || text_only.into_iter().any(asks)
}

/// Reads a chat-completions body.
///
/// # Errors
/// [`BadRequest`] naming the field.
pub fn parse(value: &Value) -> Result<Chat, BadRequest> {
    let call = body(value)?;
    positive(call, "n")?;
    let mut chat = Chat {
        model: required_text(call, "model", "")?.to_owned(),
        max_tokens: positive(call, "max_completion_tokens")?.or(positive(call, "max_tokens")?),
        temperature: number(call, "temperature")?,
        top_p: number(call, "top_p")?,
        stop: stop_texts(call, "stop")?,
        stream: flag(call, "stream")?,
        same_protocol_only: needs_own_protocol(call),
        ..Chat::default()
    };
    if let Some(options) = field(call, "stream_options") {
        chat.stream_usage = flag(object(options, "stream_options")?, "include_usage")?;
    }
    if let Some(parallel) = field(call, "parallel_tool_calls") {
        chat.parallel_tools = Some(
            parallel
                .as_bool()
                .ok_or_else(|| wrong("parallel_tool_calls", "must be true or false"))?,
        );
    }
    for (index, message) in required_list(call, "messages")?.iter().enumerate() {
        add_message(&mut chat, message, &format!("messages[{index}]"))?;
    }
    add_tools(&mut chat, call)?;
    add_output(&mut chat, call)?;
    Ok(chat)
}

fn add_message(chat: &mut Chat, value: &Value, path: &str) -> Result<(), BadRequest> {
    let message = object(value, path)?;
    match required_text(message, "role", path)? {
        "system" | "developer" => {
            let parts = content(chat, message, path)?;
            for part in parts {
                if let Part::Text { text } = part {
                    add_system(&mut chat.system, &text);
                }
            }
        }
        "user" => {
            let parts = content(chat, message, path)?;
            if parts.is_empty() && field(message, "content").is_none() {
                return Err(wrong(&format!("{path}.content"), "is required"));
            }
            add_turn(chat, Role::User, parts);
        }
        "assistant" => add_assistant(chat, message, path)?,
        role @ ("tool" | "function") => add_result(chat, message, role, path)?,
        other => {
            let message = format!("is `{other}`; it must be system, developer, user, assistant or tool");
            return Err(wrong(&format!("{path}.role"), &message));
        }
    }
    Ok(())
}

fn add_assistant(chat: &mut Chat, message: &Map<String, Value>, path: &str) -> Result<(), BadRequest> {
    let mut parts = Vec::new();
    let thinking = optional_text(message, "reasoning_content", path)?;
    if let Some(text) = thinking.filter(|text| !text.is_empty()) {
        parts.push(Part::Reasoning {
            text: text.to_owned(),
        });
    }
    parts.extend(content(chat, message, path)?);
    if let Some(text) = optional_text(message, "refusal", path)? {
        parts.push(Part::Text {
            text: text.to_owned(),
        });
    }
    parts.extend(tool_calls(chat, message, path)?);
    chat.same_protocol_only |= field(message, "audio").is_some() || field(message, "function_call").is_some();
    add_turn(chat, Role::Assistant, parts);
    Ok(())
}

fn add_result(
    chat: &mut Chat,
    message: &Map<String, Value>,
    role: &str,
    path: &str,
) -> Result<(), BadRequest> {
    // The old function form has no ids, which no other protocol can carry.
    chat.same_protocol_only |= role == "function";
    let id = required_text(
        message,
        if role == "tool" { "tool_call_id" } else { "name" },
        path,
    )?
    .to_owned();
    let content = content(chat, message, path)?
        .into_iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text),
            _ => None,
        })
        .collect::<Vec<_>>()
        .join("\n");
    add_turn(
        chat,
        Role::User,
        vec![Part::ToolResult {
            id,
            content,
            is_error: false,
        }],
    );
    Ok(())
}

/// Adds parts to the last turn when the same side still speaks: other protocols want strict alternation.
pub(crate) fn add_turn(chat: &mut Chat, role: Role, parts: Vec<Part>) {
    match chat.turns.last_mut() {
        Some(last) if last.role == role => last.parts.extend(parts),
        _ => chat.turns.push(Turn { role, parts }),
    }
}

fn content(chat: &mut Chat, message: &Map<String, Value>, path: &str) -> Result<Vec<Part>, BadRequest> {
    let path = format!("{path}.content");
    match field(message, "content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::Text { text: text.clone() }]),
        Some(Value::Array(items)) => {
            let mut parts = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                parts.extend(content_part(chat, item, &format!("{path}[{index}]"))?);
            }
            Ok(parts)
        }
        Some(_) => Err(wrong(&path, "must be a string or an array of parts")),
    }
}

fn content_part(chat: &mut Chat, value: &Value, path: &str) -> Result<Option<Part>, BadRequest> {
    let part = object(value, path)?;
    match required_text(part, "type", path)? {
        kind @ ("text" | "refusal") => {
            let name = if kind == "text" { "text" } else { "refusal" };
            let found = optional_text(part, name, path)?
                .ok_or_else(|| wrong(&format!("{path}.{name}"), "is required"))?;
            Ok((!found.is_empty()).then(|| Part::Text {
                text: found.to_owned(),
            }))
        }
        "image_url" => {
            let path = format!("{path}.image_url");
            let image = field(part, "image_url").ok_or_else(|| wrong(&path, "is required"))?;
            // Some clients give the address itself instead of the object around it.
            let url = match image {
                Value::String(url) => url.as_str(),
                other => required_text(object(other, &path)?, "url", &path)?,
            };
            Ok(Some(match split_data_url(url) {
                Some((media_type, data)) => Part::ImageBase64 {
                    media_type: media_type.to_owned(),
                    data: data.to_owned(),
                },
                None if url.starts_with("data:") => {
                    return Err(wrong(
                        &format!("{path}.url"),
                        "must be an address or `data:<media type>;base64,<data>`",
                    ));
                }
                None => Part::ImageUrl { url: url.to_owned() },
            }))
        }
        _ => {
            // Audio, files and what is still to be invented: only the provider of this protocol may know them.
            chat.same_protocol_only = true;
            Ok(None)
        }
    }
}

fn tool_calls(chat: &mut Chat, message: &Map<String, Value>, path: &str) -> Result<Vec<Part>, BadRequest> {
    let mut parts = Vec::new();
    for (index, value) in optional_list(message, "tool_calls", path)?.iter().enumerate() {
        let path = format!("{path}.tool_calls[{index}]");
        let call = object(value, &path)?;
        let Some(function) = field(call, "function") else {
            if optional_text(call, "type", &path)?.is_some_and(|kind| kind != "function") {
                chat.same_protocol_only = true;
                continue;
            }
            return Err(wrong(&format!("{path}.function"), "is required"));
        };
        let inner = format!("{path}.function");
        let function = object(function, &inner)?;
        parts.push(Part::ToolCall {
            id: required_text(call, "id", &path)?.to_owned(),
            name: required_text(function, "name", &inner)?.to_owned(),
            arguments: optional_text(function, "arguments", &inner)?
                .unwrap_or_default()
                .to_owned(),
        });
    }
    Ok(parts)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
