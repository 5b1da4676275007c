//! A client's body with some top-level fields replaced: everything else keeps its order and its value.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

struct Patched<'a> {
    body: &'a Value,
    set: &'a [(&'a str, Value)],
}

impl Serialize for Patched<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let fields = self.body.as_object();
        for (name, value) in fields.into_iter().flatten() {
            let new = self
                .set
                .iter()
                .find(|(set, _)| set == name)
                .map(|(_, value)| value);
            map.serialize_entry(name, new.unwrap_or(value))?;
        }
        for (name, value) in self.set {
            if fields.is_none_or(|fields| !fields.contains_key(*name)) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// Writes `body` with the fields of `set` in place of its own, or added at the end.
#[must_use]
pub fn to_bytes(body: &Value, set: &[(&str, Value)]) -> Vec<u8> {
    // JSON values always serialise.
    serde_json::to_vec(&Patched { body, set }).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_and_unknown_fields_stay() {
        let body = json!({"z": [1.50, null], "model": "auto", "a": {"q": 1, "b": 2}});
        let bytes = to_bytes(&body, &[("model", json!("gpt-5")), ("stream", json!(true))]);
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"z":[1.5,null],"model":"gpt-5","a":{"q":1,"b":2},"stream":true}"#
        );
    }
}
