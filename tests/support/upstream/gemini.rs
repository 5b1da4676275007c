//! Gemini's form: `generateContent`, `streamGenerateContent`, `batchEmbedContents`, models.

use super::script::{Asked, Content, Tokens, WORDS, pieces, text_and_images, words_vector};
use serde_json::{Value, json};

pub(crate) fn asked(body: &Value) -> Asked {
    let mut asked = Asked::default();
    if let Some(turn) = body["contents"].as_array().and_then(|turns| turns.last()) {
        (asked.last_user_text, asked.images) = text_and_images(&turn["parts"]);
        let results = turn["parts"].as_array().into_iter().flatten();
        asked.tool_result = results
            .filter_map(|part| part.get("functionResponse"))
            .map(|part| result_text(&part["response"]))
            .next_back();
    }
    let allowed = body.pointer("/toolConfig/functionCallingConfig/mode") != Some(&json!("NONE"));
    asked.tool = body
        .pointer("/tools/0/functionDeclarations/0")
        .filter(|_| allowed)
        .map(|tool| {
            let schema = tool
                .get("parametersJsonSchema")
                .or_else(|| tool.get("parameters"))
                .cloned()
                .unwrap_or_default();
            (tool["name"].as_str().unwrap_or_default().to_owned(), schema)
        });
    let config = &body["generationConfig"];
    asked.schema = config
        .get("responseJsonSchema")
        .or_else(|| config.get("responseSchema"))
        .cloned();
    asked
}

/// The one text in a tool's response, under whatever name, or all of it.
fn result_text(response: &Value) -> String {
    let fields = response.as_object();
    let only = fields
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| fields.values().next())
        .and_then(Value::as_str);
    only.map_or_else(|| response.to_string(), str::to_owned)
}

fn usage(tokens: &Tokens) -> Value {
    let prompt = tokens.input + tokens.cache_read;
    json!({"promptTokenCount": prompt, "cachedContentTokenCount": tokens.cache_read, "candidatesTokenCount": tokens.output,
        "thoughtsTokenCount": tokens.reasoning, "totalTokenCount": prompt + tokens.output + tokens.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}]})
}

fn chunk(number: usize, model: &str, parts: Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    json!({"candidates": [candidate], "modelVersion": model, "responseId": format!("gemini-{number}")})
}

pub(crate) fn whole(number: usize, model: &str, content: &Content, tokens: &Tokens) -> Value {
    let mut body = match content {
        Content::Text(text) => chunk(number, model, json!([{"text": text}]), Some("STOP")),
        Content::Tool { name, arguments } => chunk(
            number,
            model,
            json!([{"functionCall": {"name": name, "args": arguments}}]),
            Some("STOP"),
        ),
        Content::Empty => chunk(number, model, json!([]), Some("STOP")),
        Content::Refused => json!({"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": model}),
    };
    if tokens.reported {
        body["usageMetadata"] = usage(tokens);
    }
    body
}

pub(crate) fn events(number: usize, model: &str, content: &Content, tokens: &Tokens) -> Vec<String> {
    let mut chunks = match content {
        Content::Text(text) => {
            let mut chunks: Vec<Value> = pieces(text)
                .into_iter()
                .map(|piece| chunk(number, model, json!([{"text": piece}]), None))
                .collect();
            chunks.push(chunk(number, model, json!([{"text": ""}]), Some("STOP")));
            chunks
        }
        _ => vec![whole(number, model, content, tokens)],
    };
    if tokens.reported {
        for chunk in &mut chunks {
            chunk["usageMetadata"] = usage(tokens);
        }
    }
    chunks
        .into_iter()
        .map(|chunk| format!("data: {chunk}\r\n\r\n"))
        .collect()
}

pub(crate) fn embeddings(body: &Value, tokens: &Tokens) -> Value {
    let count = body["requests"].as_array().map_or(0, Vec::len);
    let all: Vec<Value> = (0..count)
        .map(|index| {
            let request = &body["requests"][index];
            let is_words = request["model"]
                .as_str()
                .is_some_and(|model| model.ends_with(WORDS));
            if is_words {
                let text = request["content"]["parts"][0]["text"]
                    .as_str()
                    .unwrap_or_default();
                let dims = request["outputDimensionality"].as_u64().unwrap_or(64);
                return json!({ "values": words_vector(text, dims) });
            }
            json!({"values": [0.5, 0.25, index as f32]})
        })
        .collect();
    json!({"embeddings": all, "usageMetadata": {"promptTokenCount": tokens.input}})
}

pub(crate) fn models() -> Value {
    let model = |name: &str| json!({"name": format!("models/{name}"), "displayName": name, "supportedGenerationMethods": ["generateContent"]});
    json!({"models": [model("gemini-2.5-flash"), model("gemini-2.5-pro")]})
}

pub(crate) fn error(status: u16) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": format!("The fake provider answers {status}."), "status": word}})
}

pub(crate) fn error_event() -> String {
    format!(
        "data: {}\r\n\r\n",
        json!({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}})
    )
}
