//! The parts of a chat-completions body that shape the answer: tools, the choice among them, its format.

use crate::{
    protocol::{
        BadRequest,
        shape::{field, flag, object, optional_list, optional_text, required_text, text, wrong},
    },
    request::{Chat, OutputFormat, Tool, ToolChoice},
};
use serde_json::{Map, Value, json};

/// Reads `tools` and `tool_choice`.
pub(super) fn add_tools(chat: &mut Chat, call: &Map<String, Value>) -> Result<(), BadRequest> {
    for (index, value) in optional_list(call, "tools", "")?.iter().enumerate() {
        let path = format!("tools[{index}]");
        let tool = object(value, &path)?;
        if required_text(tool, "type", &path)? != "function" {
            chat.same_protocol_only = true;
            continue;
        }
        let inner = format!("{path}.function");
        let function = object(
            field(tool, "function").ok_or_else(|| wrong(&inner, "is required"))?,
            &inner,
        )?;
        let parameters = match field(function, "parameters") {
            None => json!({"type": "object", "properties": {}}),
            Some(schema) => {
                object(schema, &format!("{inner}.parameters"))?;
                schema.clone()
            }
        };
        chat.tools.push(Tool {
            name: required_text(function, "name", &inner)?.to_owned(),
            description: optional_text(function, "description", &inner)?
                .unwrap_or_default()
                .to_owned(),
            parameters,
        });
    }
    chat.tool_choice = match field(call, "tool_choice") {
        None => ToolChoice::Auto,
        Some(Value::String(word)) => match word.as_str() {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            other => {
                let message = format!("is `{other}`; it must be auto, none, required or name a function");
                return Err(wrong("tool_choice", &message));
            }
        },
        Some(value) => {
            let choice = object(value, "tool_choice")?;
            match field(choice, "function") {
                Some(function) => {
                    let path = "tool_choice.function";
                    ToolChoice::Named(required_text(object(function, path)?, "name", path)?.to_owned())
                }
                None => {
                    chat.same_protocol_only = true;
                    ToolChoice::Auto
                }
            }
        }
    };
    Ok(())
}

/// Reads `response_format`.
pub(super) fn add_output(chat: &mut Chat, call: &Map<String, Value>) -> Result<(), BadRequest> {
    let path = "response_format";
    let Some(value) = field(call, path) else {
        return Ok(());
    };
    let format = object(value, path)?;
    chat.output = match required_text(format, "type", path)? {
        "text" => OutputFormat::Text,
        "json_object" => OutputFormat::Json,
        "json_schema" => {
            let path = "response_format.json_schema";
            let inner = object(
                field(format, "json_schema").ok_or_else(|| wrong(path, "is required"))?,
                path,
            )?;
            let schema = field(inner, "schema")
                .cloned()
                .unwrap_or_else(|| json!({"type": "object"}));
            object(&schema, "response_format.json_schema.schema")?;
            OutputFormat::Schema {
                name: text(
                    inner.get("name").unwrap_or(&Value::Null),
                    "response_format.json_schema.name",
                )?
                .to_owned(),
                schema,
                strict: flag(inner, "strict")?,
            }
        }
        _ => {
            chat.same_protocol_only = true;
            OutputFormat::Text
        }
    };
    Ok(())
}
