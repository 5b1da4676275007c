//! The smallest JSON that fits a schema, for made-up structured answers and tool arguments. Pure, bounded.

use serde_json::{Map, Value, json};

/// Deeper schemas end in null.
const DEEPEST: usize = 24;

/// A value that fits `schema`, as far as the common keywords go.
#[must_use]
pub fn sample(schema: &Value) -> Value {
    at(schema, schema, 0)
}

fn at(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(value) = schema.get("const").or_else(|| schema.get("default")) {
        return value.clone();
    }
    if let Some(value) = schema
        .get("enum")
        .and_then(Value::as_array)
        .and_then(|values| values.first())
    {
        return value.clone();
    }
    if let Some(target) = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.strip_prefix('#'))
    {
        return root
            .pointer(target)
            .map_or(Value::Null, |target| at(target, root, depth + 1));
    }
    for name in ["anyOf", "oneOf"] {
        if let Some(first) = schema
            .get(name)
            .and_then(Value::as_array)
            .and_then(|options| options.first())
        {
            return at(first, root, depth + 1);
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(parts, root, depth);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        Some(Value::String(kind)) => kind,
        _ if schema.get("properties").is_some() => "object",
        _ => "object",
    };
    match kind {
        "string" => json!(text(schema)),
        "integer" => json!(lowest(schema).map_or(1, |number| number.ceil() as i64)),
        "number" => json!(lowest(schema).unwrap_or(1.0)),
        "boolean" => json!(true),
        "array" => array(schema, root, depth),
        "object" => object(schema, root, depth),
        _ => Value::Null,
    }
}

fn lowest(schema: &Value) -> Option<f64> {
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    number("minimum")
        .or_else(|| number("exclusiveMinimum").map(|number| number + 1.0))
        .or_else(|| number("maximum").filter(|most| *most < 1.0))
}

fn text(schema: &Value) -> String {
    let fixed = match schema.get("format").and_then(Value::as_str) {
        Some("date") => Some("2026-01-01"),
        Some("date-time") => Some("2026-01-01T00:00:00Z"),
        Some("time") => Some("00:00:00Z"),
        Some("email") => Some("someone@example.com"),
        Some("uri" | "url") => Some("https://example.com/"),
        Some("uuid") => Some("00000000-0000-4000-8000-000000000000"),
        Some("ipv4") => Some("192.0.2.1"),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return fixed.to_owned();
    }
    let length = |name: &str, otherwise: u64| {
        let length = schema.get(name).and_then(Value::as_u64).unwrap_or(otherwise);
        usize::try_from(length.min(10_000)).unwrap_or(0)
    };
    let mut text = "simulated".to_owned();
    while text.len() < length("minLength", 0) {
        text.push('x');
    }
    text.truncate(length("maxLength", 10_000));
    text
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    let least = schema
        .get("minItems")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        .min(100);
    let items = schema.get("items").filter(|items| items.is_object());
    match items {
        Some(items) if depth < DEEPEST / 2 || least > 1 => {
            (0..least).map(|_| at(items, root, depth + 1)).collect()
        }
        _ => json!([]),
    }
}

/// Required properties, or all of them when none is required.
fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let mut object = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let required: Option<Vec<&str>> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    for (name, inner) in properties.into_iter().flatten() {
        if required
            .as_ref()
            .is_none_or(|required| required.contains(&name.as_str()))
        {
            object.insert(name.clone(), at(inner, root, depth + 1));
        }
    }
    Value::Object(object)
}

fn merged(parts: &[Value], root: &Value, depth: usize) -> Value {
    let mut object = Map::new();
    for part in parts {
        match at(part, root, depth + 1) {
            Value::Object(fields) => object.extend(fields),
            other => return other,
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_schemas_are_met() {
        let schema = json!({"type": "object", "required": ["city", "days", "kind", "tags", "at", "next"], "properties": {
            "city": {"type": "string", "minLength": 12}, "days": {"type": "integer", "minimum": 3},
            "kind": {"enum": ["a", "b"]}, "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 2},
            "at": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "next": {"$ref": "#/$defs/node"}, "skipped": {"type": "string"}},
            "$defs": {"node": {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}}});
        let expected = json!({"city": "simulatedxxx", "days": 3, "kind": "a", "tags": ["sim", "sim"], "at": 1.0, "next": {"ok": true}});
        assert_eq!(sample(&schema), expected);
    }

    #[test]
    fn a_schema_of_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(sample(&schema).is_object());
        let list = json!({"type": "array", "minItems": 1, "items": {"$ref": "#"}});
        assert!(sample(&list).is_array());
    }
}
