//! A neutral call as a `generateContent` body.

use crate::{
    protocol::{messages::arguments_object, shape::add_system},
    request::{Chat, OutputFormat, Part, Role, ToolChoice, Turn},
};
use serde_json::{Map, Value, json};

/// Stands in for the thought signature of a tool call that this provider did not make itself, as its documentation tells.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

/// Writes the body; the model's name goes into the address. Earlier reasoning is left out.
///
/// # Errors
/// A sentence, when a tool call's arguments are not a JSON object.
pub fn encode(chat: &Chat, model: &str) -> Result<Value, String> {
    let mut body = Map::new();
    let (system, generation) = output(chat);
    if !system.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": [{"text": system}]}));
    }
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut contents = Vec::new();
    for turn in &chat.turns {
        let parts = parts(turn, &mut names, needs_signature(model))?;
        if !parts.is_empty() {
            let role = if turn.role == Role::User { "user" } else { "model" };
            contents.push(json!({"role": role, "parts": parts}));
        }
    }
    body.insert("contents".into(), Value::Array(contents));
    if !generation.is_empty() {
        body.insert("generationConfig".into(), Value::Object(generation));
    }
    if !chat.tools.is_empty() {
        add_tools(&mut body, chat);
    }
    Ok(Value::Object(body))
}

/// Generation 3 and later refuse tool calls in the history that carry no signature.
fn needs_signature(model: &str) -> bool {
    let number: String = model
        .trim_start_matches("gemini-")
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    number.parse::<u32>().is_ok_and(|generation| generation >= 3)
}

/// The system prompt and the generation settings. JSON and tools together are refused by many models, so that with tools the
/// form of the answer is asked for in words.
fn output(chat: &Chat) -> (String, Map<String, Value>) {
    let mut system = chat.system.clone();
    let mut config = Map::new();
    if let Some(most) = chat.max_tokens {
        config.insert("maxOutputTokens".into(), json!(most));
    }
    if let Some(temperature) = chat.temperature {
        config.insert("temperature".into(), json!(temperature));
    }
    if let Some(top_p) = chat.top_p {
        config.insert("topP".into(), json!(top_p));
    }
    if !chat.stop.is_empty() {
        config.insert("stopSequences".into(), json!(chat.stop));
    }
    let tools = !chat.tools.is_empty();
    match &chat.output {
        OutputFormat::Text => {}
        OutputFormat::Json if tools => {
            add_system(
                &mut system,
                "Answer with one JSON object and nothing else, without code fences.",
            );
        }
        OutputFormat::Schema { schema, .. } if tools => add_system(
            &mut system,
            &format!(
                "Give the final answer as JSON and nothing else, without code fences. It must fit this JSON schema:\n{schema}"
            ),
        ),
        OutputFormat::Json => {
            config.insert("responseMimeType".into(), json!("application/json"));
        }
        OutputFormat::Schema { schema, .. } => {
            config.insert("responseMimeType".into(), json!("application/json"));
            config.insert("responseJsonSchema".into(), schema.clone());
        }
    }
    (system, config)
}

fn add_tools(body: &mut Map<String, Value>, chat: &Chat) {
    let declarations: Vec<Value> = chat
        .tools
        .iter()
        .map(|tool| {
            let mut entry = json!({"name": tool.name, "description": tool.description});
            // An object without properties is refused; leaving the schema out says the same.
            let empty = tool
                .parameters
                .get("properties")
                .and_then(Value::as_object)
                .is_none_or(Map::is_empty);
            if !empty {
                entry["parametersJsonSchema"] = tool.parameters.clone();
            }
            entry
        })
        .collect();
    body.insert("tools".into(), json!([{"functionDeclarations": declarations}]));
    let config = match &chat.tool_choice {
        ToolChoice::Auto => return,
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.insert("toolConfig".into(), json!({"functionCallingConfig": config}));
}

fn parts<'a>(turn: &'a Turn, names: &mut Vec<(&'a str, &'a str)>, sign: bool) -> Result<Vec<Value>, String> {
    let mut parts = Vec::new();
    let mut first_call = true;
    for part in &turn.parts {
        match part {
            Part::Text { text } if text.is_empty() => {}
            Part::Text { text } => parts.push(json!({"text": text})),
            Part::ImageUrl { url } => {
                parts.push(json!({"fileData": {"mimeType": media_type(url), "fileUri": url}}));
            }
            Part::ImageBase64 { media_type, data } => {
                parts.push(json!({"inlineData": {"mimeType": media_type, "data": data}}));
            }
            Part::Reasoning { .. } => {}
            Part::ToolCall { id, name, arguments } => {
                let args = arguments_object(arguments)
                    .ok_or_else(|| format!("the arguments of tool call `{id}` are not a JSON object"))?;
                names.push((id, name));
                let mut call = json!({"functionCall": {"name": name, "args": args}});
                if sign && first_call {
                    call["thoughtSignature"] = json!(FOREIGN_SIGNATURE);
                }
                first_call = false;
                parts.push(call);
            }
            Part::ToolResult {
                id,
                content,
                is_error,
            } => {
                // Results are matched by the function's name here; the id stands in for a call that is not in the history.
                let name = names
                    .iter()
                    .rev()
                    .find(|(known, _)| known == id)
                    .map_or(id.as_str(), |(_, name)| name);
                let response = if *is_error {
                    json!({ "error": content })
                } else {
                    serde_json::from_str(content)
                        .ok()
                        .filter(Value::is_object)
                        .unwrap_or_else(|| json!({ "result": content }))
                };
                parts.push(json!({"functionResponse": {"name": name, "response": response}}));
            }
        }
    }
    Ok(parts)
}

/// A guess from the address's ending, because this protocol must be told.
fn media_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or(url).to_ascii_lowercase();
    match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("heic") => "image/heic",
        _ => "image/jpeg",
    }
}
