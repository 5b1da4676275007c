//! What the fake provider says, before a protocol gives it its form.

use serde_json::{Value, json};

/// What it says to a call without tools and without a schema.
#[derive(Debug, Clone, Default)]
pub enum Reply {
    /// `Echo: ` and the last user text.
    #[default]
    Echo,
    /// This text.
    Text(String),
    /// An answer without content.
    Empty,
    /// It declines.
    Refused,
}

/// The usage it reports, in disjoint classes; each protocol writes them in its own way.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    pub input: i64,
    pub cache_read: i64,
    /// Reported by Anthropic's protocol only.
    pub cache_write: i64,
    pub output: i64,
    /// Reported as plain output by Anthropic's protocol.
    pub reasoning: i64,
    /// False leaves usage out of every answer.
    pub reported: bool,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens {
            input: 21,
            cache_read: 8,
            cache_write: 0,
            output: 9,
            reasoning: 4,
            reported: true,
        }
    }
}

/// What an answer is made of.
pub(crate) enum Content {
    Text(String),
    Tool { name: String, arguments: Value },
    Empty,
    Refused,
}

/// What was asked, read from any protocol.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) last_user_text: String,
    pub(crate) images: usize,
    /// The first tool that may be used, with its schema.
    pub(crate) tool: Option<(String, Value)>,
    pub(crate) tool_result: Option<String>,
    pub(crate) schema: Option<Value>,
}

/// The answer to it.
pub(crate) fn answer(asked: &Asked, reply: &Reply) -> Content {
    match reply {
        Reply::Empty => return Content::Empty,
        Reply::Refused => return Content::Refused,
        Reply::Text(text) => return Content::Text(text.clone()),
        Reply::Echo => {}
    }
    if let Some(result) = &asked.tool_result {
        return Content::Text(format!("The tool said: {result}"));
    }
    if let Some((name, schema)) = &asked.tool {
        return Content::Tool {
            name: name.clone(),
            arguments: sample(schema),
        };
    }
    if let Some(schema) = &asked.schema {
        return Content::Text(sample(schema).to_string());
    }
    let images = if asked.images > 0 {
        format!(" (with {} image)", asked.images)
    } else {
        String::new()
    };
    Content::Text(format!("Echo: {}{images}", asked.last_user_text))
}

/// Something that fits a plain JSON schema.
fn sample(schema: &Value) -> Value {
    if let Some(first) = schema
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|values| values.first())
    {
        return first.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let fields = schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            Value::Object(
                fields
                    .map(|(name, inner)| (name.clone(), sample(inner)))
                    .collect(),
            )
        }
        Some("array") => json!([sample(&schema["items"])]),
        Some("integer") => json!(7),
        Some("number") => json!(7.5),
        Some("boolean") => json!(true),
        _ => json!("Berlin"),
    }
}

/// The embedding model whose vectors tell texts apart; those of all others only count.
pub(crate) const WORDS: &str = "words";

/// Texts of the same words lie at one place, and each other word moves them apart. Small words count little.
pub(crate) fn words_vector(text: &str, dims: u64) -> Vec<f32> {
    let mut vector = vec![0.0_f32; usize::try_from(dims).unwrap_or(64)];
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        let place = word.bytes().fold(7_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        let places = vector.len();
        let is_small = word.len() < 4 || word == "please";
        vector[place % places] += if is_small { 0.1 } else { 1.0 };
    }
    vector
}

/// A text in the pieces in which a stream brings it: words with the space before them.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(' ').filter(|(index, _)| *index > 0) {
        pieces.push(&text[start..index]);
        start = index;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Text of a `content` that is a text or a list of parts, and the number of images among them.
pub(crate) fn text_and_images(content: &Value) -> (String, usize) {
    match content {
        Value::String(text) => (text.clone(), 0),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts
                .iter()
                .filter_map(|part| part.get("text")?.as_str())
                .collect();
            let is_image = |part: &&Value| {
                part.get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|kind| kind.starts_with("image"))
                    || part.get("inlineData").is_some()
                    || part.get("fileData").is_some()
            };
            (texts.join("\n"), parts.iter().filter(is_image).count())
        }
        _ => (String::new(), 0),
    }
}
