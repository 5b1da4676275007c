//! Among which questions similarity may be asked at all: only those whose every other part is the same.
//!
//! Tenant, target, parameters, system prompt, tools, response format, intent, embedder and **all earlier turns** go into
//! one hash. A vector never sees them, so it cannot mistake them for each other.

use crate::cache::canonical::write_canonical;
use crate::cache::key::{KeyParts, body_without_question};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Everything but question and embedder that two calls must share. Stored, so that another embedder's namespace can be
/// made of it when vectors are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Base([u8; 32]);

impl Base {
    /// From a stored hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Base {
        Base(bytes)
    }

    /// The hash, to store it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The namespace of this embedder's vectors.
    #[must_use]
    pub fn with_embedder(&self, embedder: &str) -> Namespace {
        let hash = Sha256::new()
            .chain_update(b"semantic 1\0")
            .chain_update(self.0)
            .chain_update(embedder.as_bytes());
        Namespace(hash.finalize().into())
    }
}

/// The hash under which a question's neighbours are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace([u8; 32]);

impl Namespace {
    /// From a stored hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Namespace {
        Namespace(bytes)
    }

    /// The hash, to store it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The namespace of a call: everything its exact key holds but the words of its last message, which are the question.
/// `intent` is the detected intent, `embedder` names the model whose vectors are compared.
///
/// None when the last message holds more than text, or is not the user's: then there is no question to compare.
#[must_use]
pub fn namespace(parts: &KeyParts<'_>, intent: Option<&str>, embedder: &str) -> Option<Namespace> {
    Some(base(parts, intent)?.with_embedder(embedder))
}

/// The same without the embedder.
#[must_use]
pub fn base(parts: &KeyParts<'_>, intent: Option<&str>) -> Option<Base> {
    let body = body_without_question(parts)?;
    let whole = json!({
        "version": "semantic 1",
        "tenant": parts.tenant,
        "protocol": parts.protocol.as_str(),
        "target": parts.target,
        "app_version": parts.app_version,
        "intent": intent,
        "intent_key": parts.intent_key,
        "headers": parts.headers,
        "simulate": parts.simulate,
        "body": body,
    });
    let mut canonical = Vec::with_capacity(1024);
    write_canonical(&whole, &mut canonical);
    Some(Base(Sha256::digest(&canonical).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::ClientProtocol;
    use serde_json::Value;

    fn of(
        tenant: &str,
        target: &str,
        intent: Option<&str>,
        embedder: &str,
        body: &Value,
    ) -> Option<Namespace> {
        let parts = KeyParts {
            tenant,
            protocol: ClientProtocol::ChatCompletions,
            target,
            app_version: "1",
            body,
            chat: None,
            headers: None,
            simulate: None,
            intent_key: None,
        };
        namespace(&parts, intent, embedder)
    }

    fn turns(earlier: &[&str], last: &str) -> Value {
        let mut messages: Vec<_> = earlier
            .iter()
            .enumerate()
            .map(
                |(at, text)| json!({"role": if at % 2 == 0 { "user" } else { "assistant" }, "content": text}),
            )
            .collect();
        messages.push(json!({"role": "user", "content": last}));
        json!({ "messages": messages })
    }

    #[test]
    fn only_the_last_question_may_differ() {
        let space = |body: &Value| of("t", "m", None, "e", body);
        assert_eq!(space(&turns(&[], "one")), space(&turns(&[], "two")));
        assert_eq!(
            space(&turns(&["a", "b"], "one")),
            space(&turns(&["a", "b"], "two"))
        );
        assert_ne!(
            space(&turns(&["a", "b"], "one")),
            space(&turns(&["c", "b"], "one"))
        );
        assert_ne!(space(&turns(&["a", "b"], "one")), space(&turns(&[], "one")));
    }

    #[test]
    fn what_is_no_plain_question_has_no_namespace() {
        for messages in [
            json!([{"role": "assistant", "content": "x"}]),
            json!([{"role": "tool", "tool_call_id": "1", "content": "x"}]),
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
            json!([]),
        ] {
            assert_eq!(
                of("t", "m", None, "e", &json!({ "messages": messages })),
                None,
                "{messages}"
            );
        }
    }
}
