//! What a provider's error body says, cut to a bearable length and cleared of the key.

use serde_json::Value;

/// The error's code (or type) and its message, in the three forms there are: an object, a list around one, plain text.
pub(super) fn words_of(body: &Value) -> (String, String) {
    let body = body.as_array().and_then(|items| items.first()).unwrap_or(body);
    let error = body.get("error").unwrap_or(body);
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut code = match error.get("code") {
        Some(Value::Number(number)) => number.to_string(),
        code => text(code),
    };
    for name in ["type", "status"] {
        if code.is_empty() {
            code = text(error.get(name));
        }
    }
    let message = error
        .as_str()
        .map_or_else(|| text(error.get("message")), str::to_owned);
    (code, message)
}

/// The words without the key, should a provider repeat it.
pub(super) fn without(words: &str, key: Option<&str>) -> String {
    match key {
        Some(key) if !key.is_empty() => words.replace(key, "[key]"),
        _ => words.to_owned(),
    }
}

/// The words, at most 500 characters of them.
pub(super) fn shorten(words: &str) -> String {
    const LONGEST_CHARS: usize = 500;
    if words.chars().count() <= LONGEST_CHARS {
        return words.to_owned();
    }
    words
        .chars()
        .take(LONGEST_CHARS)
        .chain(std::iter::once('…'))
        .collect()
}

/// True when `part`, which is not empty, stands somewhere in `body`.
pub(super) fn contains(body: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && body.windows(part.len()).any(|window| window == part)
}
