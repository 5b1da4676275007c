//! Reads fields of a client's JSON body and says clearly what is wrong with them. A field that is `null` counts as absent.

use super::BadRequest;
use serde_json::{Map, Value};

/// An error about one field.
#[must_use]
pub fn wrong(param: &str, message: &str) -> BadRequest {
    BadRequest {
        message: format!("`{param}` {message}."),
        param: Some(param.to_owned()),
    }
}

/// What a value is, in words.
#[must_use]
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn not_a(param: &str, wanted: &str, value: &Value) -> BadRequest {
    wrong(param, &format!("must be {wanted}, not {}", kind_of(value)))
}

/// The field, unless absent or null.
#[must_use]
pub fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// The value as an object.
///
/// # Errors
/// When it is something else.
pub fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, BadRequest> {
    value.as_object().ok_or_else(|| not_a(path, "an object", value))
}

/// The whole body as an object.
///
/// # Errors
/// When it is something else.
pub fn body(value: &Value) -> Result<&Map<String, Value>, BadRequest> {
    value.as_object().ok_or_else(|| BadRequest {
        message: format!("The request body must be a JSON object, not {}.", kind_of(value)),
        param: None,
    })
}

/// The value as text.
///
/// # Errors
/// When it is something else.
pub fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, BadRequest> {
    value.as_str().ok_or_else(|| not_a(path, "a string", value))
}

/// A text field that must be there and not empty. `path` is the path of the object, empty for the body.
///
/// # Errors
/// When it is missing, empty or not text.
pub fn required_text<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<&'a str, BadRequest> {
    let path = join(path, name);
    let value = field(object, name).ok_or_else(|| wrong(&path, "is required and must be a string"))?;
    let found = text(value, &path)?;
    if found.trim().is_empty() {
        return Err(wrong(&path, "must not be empty"));
    }
    Ok(found)
}

/// A text field that may be absent.
///
/// # Errors
/// When it is there and not text.
pub fn optional_text<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<Option<&'a str>, BadRequest> {
    field(object, name)
        .map(|value| text(value, &join(path, name)))
        .transpose()
}

/// A list field that may be absent.
///
/// # Errors
/// When it is there and not a list.
pub fn optional_list<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<&'a [Value], BadRequest> {
    match field(object, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(not_a(&join(path, name), "an array", other)),
    }
}

/// A list field that must be there and hold something.
///
/// # Errors
/// When it is missing, empty or not a list.
pub fn required_list<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], BadRequest> {
    let items = optional_list(object, name, "")?;
    if items.is_empty() {
        return Err(wrong(
            name,
            "is required and must be an array with at least one item",
        ));
    }
    Ok(items)
}

/// A number field of the body.
///
/// # Errors
/// When it is there and not a number.
pub fn number(object: &Map<String, Value>, name: &str) -> Result<Option<f64>, BadRequest> {
    field(object, name)
        .map(|value| value.as_f64().ok_or_else(|| not_a(name, "a number", value)))
        .transpose()
}

/// A whole-number field of the body that is at least 1.
///
/// # Errors
/// When it is there and not such a number.
pub fn positive(object: &Map<String, Value>, name: &str) -> Result<Option<u32>, BadRequest> {
    let Some(value) = field(object, name) else {
        return Ok(None);
    };
    if !value.is_number() {
        return Err(not_a(name, "a whole number", value));
    }
    value
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| *n >= 1)
        .map(Some)
        .ok_or_else(|| wrong(name, &format!("must be a whole number from 1 to {}", u32::MAX)))
}

/// A yes-or-no field of the body; absent means no.
///
/// # Errors
/// When it is there and not a boolean.
pub fn flag(object: &Map<String, Value>, name: &str) -> Result<bool, BadRequest> {
    match field(object, name) {
        None => Ok(false),
        Some(value) => value.as_bool().ok_or_else(|| not_a(name, "true or false", value)),
    }
}

/// `stop` may be one text or a list of them.
///
/// # Errors
/// When it is something else.
pub fn stop_texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, BadRequest> {
    match field(object, name) {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| text(item, &format!("{name}[{index}]")).map(str::to_owned))
            .collect(),
        Some(other) => Err(not_a(name, "a string or an array of strings", other)),
    }
}

/// `data:image/png;base64,…` split into media type and data; none when the address is not of that form.
#[must_use]
pub fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type.split(';').next().unwrap_or(media_type), data))
}

/// Adds text to the system prompt, after a blank line.
pub fn add_system(system: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !system.is_empty() {
        system.push_str("\n\n");
    }
    system.push_str(text);
}

/// Joins a path and a field's name.
#[must_use]
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn says_what_it_wants_and_what_it_got() {
        let value = json!({"model": 5, "stop": {"a": 1}, "max_tokens": 0, "stream": "yes", "t": null});
        let object = body(&value).unwrap();
        assert_eq!(
            required_text(object, "model", "").unwrap_err().message,
            "`model` must be a string, not a number."
        );
        assert_eq!(
            stop_texts(object, "stop").unwrap_err().message,
            "`stop` must be a string or an array of strings, not an object."
        );
        assert!(
            positive(object, "max_tokens")
                .unwrap_err()
                .message
                .contains("from 1 to")
        );
        assert_eq!(
            flag(object, "stream").unwrap_err().param.as_deref(),
            Some("stream")
        );
        assert_eq!(number(object, "t").unwrap(), None);
        assert!(body(&json!([])).unwrap_err().message.contains("not an array"));
    }

    #[test]
    fn splits_data_urls() {
        assert_eq!(
            split_data_url("data:image/png;base64,AAAA"),
            Some(("image/png", "AAAA"))
        );
        assert_eq!(
            split_data_url("data:image/png;charset=x;base64,AAAA"),
            Some(("image/png", "AAAA"))
        );
        assert_eq!(split_data_url("data:text/plain,hello"), None);
        assert_eq!(split_data_url("https://example.com/a.png"), None);
    }
}
