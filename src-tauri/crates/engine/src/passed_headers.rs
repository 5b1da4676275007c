//! Which of a client's request headers go on to a provider that speaks its protocol: those that may change the answer.

use crate::{cache::key::hex, provider::anthropic, request::ClientProtocol};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

const VERSION: &str = "anthropic-version";
const OF_MESSAGES: [&str; 2] = [VERSION, "anthropic-beta"];
const OF_OPENAI: [&str; 1] = ["openai-beta"];

/// Takes them out of all that the client sent. The version that Weir sends by itself is left out, so that saying it makes no
/// difference to the cache.
#[must_use]
pub fn passed_headers(protocol: ClientProtocol, all: &HeaderMap) -> HeaderMap {
    let names = match protocol {
        ClientProtocol::Messages => OF_MESSAGES.as_slice(),
        ClientProtocol::ChatCompletions | ClientProtocol::Embeddings => OF_OPENAI.as_slice(),
    };
    let usual = HeaderValue::from_static(anthropic::VERSION);
    let mut passed = HeaderMap::new();
    for name in names {
        for value in all.get_all(*name) {
            let says_nothing = value.is_empty() || (*name == VERSION && *value == usual);
            if !says_nothing {
                passed.append(HeaderName::from_static(name), value.clone());
            }
        }
    }
    passed
}

/// The headers' part of a cache key; none without headers.
#[must_use]
pub fn cache_part(passed: &HeaderMap) -> Option<Value> {
    let mut part = Map::new();
    for name in passed.keys() {
        let text = |value: &HeaderValue| match value.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => format!("bytes:{}", hex(value.as_bytes())),
        };
        let values: Vec<String> = passed.get_all(name).iter().map(text).collect();
        part.insert(name.as_str().to_owned(), json!(values));
    }
    (!part.is_empty()).then_some(Value::Object(part))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sent() -> HeaderMap {
        let mut all = HeaderMap::new();
        for (name, value) in [
            ("anthropic-beta", "context-1m-2025-08-07"),
            ("anthropic-beta", "output-128k-2025-02-19"),
            ("anthropic-version", "2023-06-01"),
            ("openai-beta", "assistants=v2"),
            ("authorization", "Bearer weir-secret"),
            ("x-api-key", "weir-secret"),
        ] {
            let name = HeaderName::from_static(name);
            all.append(name, HeaderValue::from_static(value));
        }
        all
    }

    #[test]
    fn only_those_of_the_clients_own_protocol_go_on() {
        let passed = passed_headers(ClientProtocol::Messages, &sent());
        assert_eq!(
            cache_part(&passed),
            Some(json!({"anthropic-beta": ["context-1m-2025-08-07", "output-128k-2025-02-19"]}))
        );
        for protocol in [ClientProtocol::ChatCompletions, ClientProtocol::Embeddings] {
            let passed = passed_headers(protocol, &sent());
            assert_eq!(
                cache_part(&passed),
                Some(json!({"openai-beta": ["assistants=v2"]}))
            );
        }
    }

    #[test]
    fn another_version_counts_and_the_usual_one_does_not() {
        let mut all = HeaderMap::new();
        all.insert(VERSION, HeaderValue::from_static(anthropic::VERSION));
        assert_eq!(cache_part(&passed_headers(ClientProtocol::Messages, &all)), None);
        all.insert(VERSION, HeaderValue::from_static("2023-01-01"));
        let passed = passed_headers(ClientProtocol::Messages, &all);
        assert_eq!(passed.get(VERSION).unwrap(), "2023-01-01");
    }
}
