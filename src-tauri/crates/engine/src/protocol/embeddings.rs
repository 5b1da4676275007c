//! OpenAI's embeddings, which every provider of embeddings is made to speak.

use super::{
    BadRequest,
    shape::{body, field, kind_of, optional_text, positive, required_text, wrong},
    usage,
};
use crate::request::{Answer, Finish};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use weir_contract::model::usage::TokenUsage;

/// An embeddings call.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingsCall {
    pub model: String,
    /// Texts to embed. Inputs given as token numbers are written out as numbers, which is good for estimates only.
    pub inputs: Vec<String>,
    /// True when the inputs were token numbers, which mean something only to the provider of this protocol.
    pub tokens: bool,
    pub dimensions: Option<u32>,
    /// The client wants vectors as base64 of little-endian 32-bit floats, as the official SDKs do by default.
    pub base64: bool,
}

/// Reads an embeddings body.
///
/// # Errors
/// [`BadRequest`] naming the field.
pub fn parse(value: &Value) -> Result<EmbeddingsCall, BadRequest> {
    let call = body(value)?;
    let model = required_text(call, "model", "")?.to_owned();
    let all_numbers = |items: &[Value]| items.iter().all(Value::is_u64);
    let mut tokens = false;
    let mut inputs = Vec::new();
    match field(call, "input") {
        None => return Err(wrong("input", "is required")),
        Some(Value::String(text)) => inputs.push(text.clone()),
        Some(Value::Array(items)) if items.is_empty() => return Err(wrong("input", "must not be empty")),
        Some(Value::Array(items)) if all_numbers(items) => {
            tokens = true;
            inputs.push(written_out(items));
        }
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                match item {
                    Value::String(text) => inputs.push(text.clone()),
                    Value::Array(numbers) if all_numbers(numbers) => {
                        tokens = true;
                        inputs.push(written_out(numbers));
                    }
                    _ => {
                        return Err(wrong(
                            &format!("input[{index}]"),
                            "must be a string or an array of token numbers",
                        ));
                    }
                }
            }
        }
        Some(other) => {
            let message = format!("must be a string or an array of strings, not {}", kind_of(other));
            return Err(wrong("input", &message));
        }
    }
    let base64 = match optional_text(call, "encoding_format", "")? {
        None | Some("float") => false,
        Some("base64") => true,
        Some(other) => {
            return Err(wrong(
                "encoding_format",
                &format!("is `{other}`; it must be float or base64"),
            ));
        }
    };
    Ok(EmbeddingsCall {
        model,
        inputs,
        tokens,
        dimensions: positive(call, "dimensions")?,
        base64,
    })
}

fn written_out(numbers: &[Value]) -> String {
    numbers.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

/// Writes an embeddings answer.
#[must_use]
pub fn encode(model: &str, vectors: &[Vec<f32>], base64: bool, tokens: Option<&TokenUsage>) -> Value {
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| {
            let embedding = if base64 {
                let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let input = tokens.map_or(0, TokenUsage::input_total);
    json!({"object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": input, "total_tokens": input}})
}

/// Reads usage out of a provider's answer; the vectors stay in its body.
///
/// # Errors
/// When there is no list of embeddings.
pub fn decode(body: &Value) -> Result<Answer, String> {
    let data = body
        .get("data")
        .and_then(Value::as_array)
        .ok_or("the answer has no `data`")?;
    if data.iter().any(|item| item.get("embedding").is_none()) {
        return Err("an item of the answer has no `embedding`".into());
    }
    Ok(Answer {
        id: String::new(),
        model: body
            .get("model")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        parts: Vec::new(),
        finish: Finish::Stop,
        usage: body.get("usage").and_then(usage::from_openai).map(Into::into),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn inputs_of_every_form_are_read() {
        let inputs = |input: Value| {
            parse(&json!({"model": "m", "input": input})).map(|call| (call.inputs, call.tokens))
        };
        assert_eq!(inputs(json!("a")), Ok((vec!["a".into()], false)));
        assert_eq!(
            inputs(json!(["a", "b"])),
            Ok((vec!["a".into(), "b".into()], false))
        );
        assert_eq!(inputs(json!([1, 2])), Ok((vec!["1 2".into()], true)));
        assert_eq!(
            inputs(json!([[1, 2], [3]])),
            Ok((vec!["1 2".into(), "3".into()], true))
        );
        for (bad, param) in [
            (json!(null), "input"),
            (json!([]), "input"),
            (json!(5), "input"),
            (json!(["a", {}]), "input[1]"),
        ] {
            assert_eq!(inputs(bad).unwrap_err().param.as_deref(), Some(param));
        }
    }

    #[test]
    fn base64_is_little_endian_floats() {
        let body = encode("m", &[vec![1.0, -2.5]], true, None);
        let bytes = STANDARD
            .decode(body["data"][0]["embedding"].as_str().unwrap())
            .unwrap();
        assert_eq!(bytes, [0, 0, 128, 63, 0, 0, 32, 192]);
    }

    #[test]
    fn usage_is_read_back() {
        let tokens = TokenUsage {
            input: 8,
            ..TokenUsage::default()
        };
        let body = encode("m", &[vec![0.5]], false, Some(&tokens));
        assert_eq!(decode(&body).unwrap().usage, Some(tokens.into()));
        assert!(decode(&json!({"error": "x"})).is_err());
    }
}
