//! What a client says beside its body: `x-weir-*` headers, or the same under `metadata`. A header wins.

use axum::http::HeaderMap;
use serde_json::Value;
use weir_engine::{
    call::{CacheWish, Wishes},
    store::OWN_EVENTS,
    trace_parent::TraceParent,
};

/// Longest value of one of these fields; longer ones are refused so that they cannot fill the records.
const LONGEST: usize = 256;

/// Reads the wishes and takes Weir's own names out of the body's `metadata`, which then goes on to the provider without them.
pub(super) fn read(headers: &HeaderMap, body: &mut Value) -> Result<Wishes, String> {
    let mut said = |name: &str| -> Result<String, String> {
        let from_body = take_metadata(body, name);
        let header = headers.get(format!("x-weir-{name}"));
        let value = match header {
            Some(value) => value
                .to_str()
                .map_err(|_| format!("the header x-weir-{name} must be plain text"))?
                .trim()
                .to_owned(),
            None => from_body.unwrap_or_default(),
        };
        if value.len() > LONGEST {
            return Err(format!("x-weir-{name} is longer than {LONGEST} bytes"));
        }
        Ok(value)
    };
    let cache = said("cache")?;
    let ttl = said("cache-ttl")?;
    let tags = said("tags")?;
    let sources = said("source")?;
    let mut wishes = Wishes {
        intent: said("intent")?,
        user: said("user")?,
        session: said("session")?,
        event: said("event")?,
        tags: list(&tags),
        sources: list(&sources),
        simulate: Some(said("simulate")?).filter(|text| !text.is_empty()),
        trace_parent: headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok())
            .and_then(TraceParent::parse),
        ..Wishes::default()
    };
    if OWN_EVENTS.contains(&wishes.event.as_str()) {
        return Err(format!(
            "x-weir-event is \"{}\", by which Weir knows calls of its own; choose another",
            wishes.event
        ));
    }
    if !cache.is_empty() {
        wishes.cache = CacheWish::parse(&cache)
            .ok_or_else(|| format!("x-weir-cache is \"{cache}\"; it may be on, off, refresh or only"))?;
    }
    if !ttl.is_empty() {
        let seconds = ttl.parse().ok().filter(|seconds| *seconds <= 366 * 86_400);
        wishes.cache_ttl_seconds =
            Some(seconds.ok_or_else(|| {
                format!("x-weir-cache-ttl is \"{ttl}\"; give whole seconds, at most a year")
            })?);
    }
    if wishes.user.is_empty() {
        // The protocols' own fields for the end user.
        let own = body
            .get("user")
            .or_else(|| body.get("metadata").and_then(|metadata| metadata.get("user_id")));
        wishes.user = own
            .and_then(Value::as_str)
            .unwrap_or_default()
            .chars()
            .take(LONGEST)
            .collect();
    }
    Ok(wishes)
}

/// A list with commas.
fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Takes `weir-name`, `x-weir-name` or `weir_name` out of `metadata`.
fn take_metadata(body: &mut Value, name: &str) -> Option<String> {
    let metadata = body.get_mut("metadata")?.as_object_mut()?;
    let spellings = [
        format!("x-weir-{name}"),
        format!("weir-{name}"),
        format!("weir_{}", name.replace('-', "_")),
    ];
    let mut found = None;
    for spelling in spellings {
        if let Some(value) = metadata.shift_remove(&spelling) {
            found = found.or(match value {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Array(items) => Some(
                    items
                        .iter()
                        .filter_map(Value::as_str)
                        .collect::<Vec<_>>()
                        .join(","),
                ),
                other => Some(other.to_string()),
            });
        }
    }
    if metadata.is_empty()
        && found.is_some()
        && let Some(fields) = body.as_object_mut()
    {
        fields.shift_remove("metadata");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_is_read_taken_out_and_overruled_by_headers() {
        let mut headers = HeaderMap::new();
        headers.insert("x-weir-user", "ann".parse().expect("plain"));
        let mut body = json!({"metadata": {"x-weir-user": "bob", "x-weir-tags": ["a", "b"], "mine": 1}});
        let wishes = read(&headers, &mut body).expect("fine");
        assert_eq!(
            (wishes.user.as_str(), wishes.tags),
            ("ann", vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(
            body,
            json!({"metadata": {"mine": 1}}),
            "the provider never sees Weir's own names"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-weir-cache", "maybe".parse().expect("plain"));
        assert!(
            read(&headers, &mut json!({}))
                .expect_err("not a wish")
                .contains("refresh")
        );
    }
}
