//! A client's messages body into Weir's own words.

use crate::{
    protocol::{
        BadRequest,
        chat_completions::parse::add_turn,
        shape::{
            add_system, body, field, flag, number, object, optional_list, optional_text, positive,
            required_list, required_text, stop_texts, wrong,
        },
    },
    request::{Chat, OutputFormat, Part, Role, Tool, ToolChoice},
};
use serde_json::{Map, Value};

/// Reads a messages body.
///
/// # Errors
/// [`BadRequest`] naming the field.
pub fn parse(value: &Value) -> Result<Chat, BadRequest> {
    let call = body(value)?;
    let max_tokens = positive(call, "max_tokens")?
        .ok_or_else(|| wrong("max_tokens", "is required and must be a whole number"))?;
    let own = ["mcp_servers", "container", "context_management"];
    let mut chat = Chat {
        model: required_text(call, "model", "")?.to_owned(),
        max_tokens: Some(max_tokens),
        temperature: number(call, "temperature")?,
        top_p: number(call, "top_p")?,
        stop: stop_texts(call, "stop_sequences")?,
        stream: flag(call, "stream")?,
        stream_usage: true,
        same_protocol_only: own.into_iter().any(|name| match field(call, name) {
            None => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(_) => true,
        }),
        ..Chat::default()
    };
    match field(call, "system") {
        None => {}
        Some(Value::String(text)) => chat.system.clone_from(text),
        Some(_) => {
            for (index, block) in optional_list(call, "system", "")?.iter().enumerate() {
                let path = format!("system[{index}]");
                let text = optional_text(object(block, &path)?, "text", &path)?;
                add_system(
                    &mut chat.system,
                    text.ok_or_else(|| wrong(&format!("{path}.text"), "is required"))?,
                );
            }
        }
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
    let role = match required_text(message, "role", path)? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => {
            let hint = if other == "system" {
                "; give the system prompt in `system`"
            } else {
                ""
            };
            let text = format!("is `{other}`; it must be user or assistant{hint}");
            return Err(wrong(&format!("{path}.role"), &text));
        }
    };
    let path = format!("{path}.content");
    let parts = match field(message, "content") {
        None => return Err(wrong(&path, "is required")),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(Value::String(text)) => vec![Part::Text { text: text.clone() }],
        Some(Value::Array(blocks)) => {
            let mut parts = Vec::with_capacity(blocks.len());
            for (index, item) in blocks.iter().enumerate() {
                parts.extend(block(chat, item, &format!("{path}[{index}]"))?);
            }
            parts
        }
        Some(_) => return Err(wrong(&path, "must be a string or an array of blocks")),
    };
    add_turn(chat, role, parts);
    Ok(())
}

fn block(chat: &mut Chat, value: &Value, path: &str) -> Result<Option<Part>, BadRequest> {
    let block = object(value, path)?;
    let needed = |name: &str| {
        optional_text(block, name, path)?
            .map(str::to_owned)
            .ok_or_else(|| wrong(&format!("{path}.{name}"), "is required and must be a string"))
    };
    Ok(match required_text(block, "type", path)? {
        "text" => Some(needed("text")?)
            .filter(|text| !text.is_empty())
            .map(|text| Part::Text { text }),
        "image" => image(chat, block, path)?,
        "thinking" => Some(Part::Reasoning {
            text: needed("thinking")?,
        }),
        // Sealed thinking can be read by nobody else; leaving it out elsewhere changes nothing.
        "redacted_thinking" => None,
        "tool_use" => {
            let input =
                field(block, "input").ok_or_else(|| wrong(&format!("{path}.input"), "is required"))?;
            object(input, &format!("{path}.input"))?;
            Some(Part::ToolCall {
                id: required_text(block, "id", path)?.to_owned(),
                name: required_text(block, "name", path)?.to_owned(),
                arguments: input.to_string(),
            })
        }
        "tool_result" => Some(Part::ToolResult {
            id: required_text(block, "tool_use_id", path)?.to_owned(),
            content: result_text(chat, block, path)?,
            is_error: flag(block, "is_error")?,
        }),
        _ => {
            // Documents, searches, server tools and what is still to be invented.
            chat.same_protocol_only = true;
            None
        }
    })
}

fn image(chat: &mut Chat, block: &Map<String, Value>, path: &str) -> Result<Option<Part>, BadRequest> {
    let path = format!("{path}.source");
    let source = object(
        field(block, "source").ok_or_else(|| wrong(&path, "is required"))?,
        &path,
    )?;
    Ok(match required_text(source, "type", &path)? {
        "base64" => Some(Part::ImageBase64 {
            media_type: required_text(source, "media_type", &path)?.to_owned(),
            data: required_text(source, "data", &path)?.to_owned(),
        }),
        "url" => Some(Part::ImageUrl {
            url: required_text(source, "url", &path)?.to_owned(),
        }),
        _ => {
            chat.same_protocol_only = true;
            None
        }
    })
}

fn result_text(chat: &mut Chat, block: &Map<String, Value>, path: &str) -> Result<String, BadRequest> {
    if let Some(Value::String(text)) = field(block, "content") {
        return Ok(text.clone());
    }
    let mut texts = Vec::new();
    for (index, item) in optional_list(block, "content", path)?.iter().enumerate() {
        let path = format!("{path}.content[{index}]");
        let item = object(item, &path)?;
        match optional_text(item, "text", &path)? {
            Some(text) => texts.push(text),
            // An image as a tool's result has no counterpart elsewhere.
            None => chat.same_protocol_only = true,
        }
    }
    Ok(texts.join("\n"))
}

fn add_tools(chat: &mut Chat, call: &Map<String, Value>) -> Result<(), BadRequest> {
    for (index, value) in optional_list(call, "tools", "")?.iter().enumerate() {
        let path = format!("tools[{index}]");
        let tool = object(value, &path)?;
        if optional_text(tool, "type", &path)?.is_some_and(|kind| kind != "custom") {
            chat.same_protocol_only = true;
            continue;
        }
        let inner = format!("{path}.input_schema");
        let schema = field(tool, "input_schema").ok_or_else(|| wrong(&inner, "is required"))?;
        object(schema, &inner)?;
        chat.tools.push(Tool {
            name: required_text(tool, "name", &path)?.to_owned(),
            description: optional_text(tool, "description", &path)?
                .unwrap_or_default()
                .to_owned(),
            parameters: schema.clone(),
        });
    }
    let Some(value) = field(call, "tool_choice") else {
        return Ok(());
    };
    let path = "tool_choice";
    let choice = object(value, path)?;
    chat.tool_choice = match required_text(choice, "type", path)? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(required_text(choice, "name", path)?.to_owned()),
        other => {
            let text = format!("is `{other}`; it must be auto, any, tool or none");
            return Err(wrong("tool_choice.type", &text));
        }
    };
    if flag(choice, "disable_parallel_tool_use")? {
        chat.parallel_tools = Some(false);
    }
    Ok(())
}

/// Structured output: `output_config.format`, or `output_format` as it was called first.
fn add_output(chat: &mut Chat, call: &Map<String, Value>) -> Result<(), BadRequest> {
    let (path, format) = match field(call, "output_config") {
        Some(config) => (
            "output_config.format",
            field(object(config, "output_config")?, "format"),
        ),
        None => ("output_format", field(call, "output_format")),
    };
    let Some(format) = format else {
        return Ok(());
    };
    let format = object(format, path)?;
    if required_text(format, "type", path)? != "json_schema" {
        chat.same_protocol_only = true;
        return Ok(());
    }
    let inner = format!("{path}.schema");
    let schema = field(format, "schema").ok_or_else(|| wrong(&inner, "is required"))?;
    object(schema, &inner)?;
    chat.output = OutputFormat::Schema {
        name: "answer".into(),
        schema: schema.clone(),
        strict: true,
    };
    Ok(())
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
