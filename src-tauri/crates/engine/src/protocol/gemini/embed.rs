//! Embeddings through `batchEmbedContents`, as OpenAI's clients know them.

use crate::protocol::embeddings::EmbeddingsCall;
use serde_json::{Value, json};
use weir_contract::model::usage::TokenUsage;

/// Writes the `batchEmbedContents` body.
#[must_use]
pub fn encode(call: &EmbeddingsCall, model: &str) -> Value {
    let requests: Vec<Value> = call
        .inputs
        .iter()
        .map(|text| {
            let mut request =
                json!({"model": format!("models/{model}"), "content": {"parts": [{"text": text}]}});
            if let Some(dimensions) = call.dimensions {
                request["outputDimensionality"] = json!(dimensions);
            }
            request
        })
        .collect();
    json!({ "requests": requests })
}

/// Reads the vectors, in order, and usage where it is given.
///
/// # Errors
/// A sentence saying what is missing.
pub fn decode(body: &Value, inputs: usize) -> Result<(Vec<Vec<f32>>, Option<TokenUsage>), String> {
    let items = body
        .get("embeddings")
        .and_then(Value::as_array)
        .ok_or("the answer has no `embeddings`")?;
    if items.len() != inputs {
        return Err(format!(
            "the answer has {} embeddings for {inputs} inputs",
            items.len()
        ));
    }
    let vectors: Option<Vec<Vec<f32>>> = items.iter().map(vector).collect();
    let tokens = body
        .pointer("/usageMetadata/promptTokenCount")
        .and_then(Value::as_i64)
        .filter(|n| *n >= 0);
    let usage = tokens.map(|input| TokenUsage {
        input,
        ..TokenUsage::default()
    });
    Ok((vectors.ok_or("an embedding has no `values`")?, usage))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "vectors are 32-bit floats written as decimals"
)]
fn vector(item: &Value) -> Option<Vec<f32>> {
    item.get("values")?
        .as_array()?
        .iter()
        .map(|number| number.as_f64().map(|number| number as f32))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::protocol::embeddings::parse;

    #[test]
    fn vectors_keep_their_order() {
        let call = parse(&json!({"model": "x", "input": ["a", "b"], "dimensions": 2})).unwrap();
        let body = encode(&call, "gemini-embedding-001");
        assert_eq!(body["requests"][1]["content"]["parts"][0]["text"], "b");
        assert_eq!(body["requests"][0]["outputDimensionality"], 2);
        let answer = json!({"embeddings": [{"values": [1.0, 0.5]}, {"values": [0, 1]}]});
        assert_eq!(
            decode(&answer, 2).unwrap(),
            (vec![vec![1.0, 0.5], vec![0.0, 1.0]], None)
        );
        assert!(decode(&answer, 3).unwrap_err().contains("2 embeddings for 3"));
    }
}
