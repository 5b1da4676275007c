//! The key of a cached answer: SHA-256 over the canonical JSON of everything that may change the answer.
//!
//! What goes in is decided by leaving out: the whole body counts, except the few fields that are known not to change the
//! answer. A field that nobody thought of therefore splits entries; it never merges them.

use super::canonical::write_canonical;
use crate::request::{Chat, ClientProtocol};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What the key is made of.
pub struct KeyParts<'a> {
    /// Team of the virtual key, or the key itself: answers never cross it.
    pub tenant: &'a str,
    pub protocol: ClientProtocol,
    /// `provider/model`, or `auto:T0-T2` for the ladder that may answer.
    pub target: &'a str,
    /// The configured version of the application; a new one starts with an empty cache.
    pub app_version: &'a str,
    /// The client's body with a rollout's system prefix applied.
    pub body: &'a Value,
    pub chat: Option<&'a Chat>,
    /// The client's headers that go on to the provider, as an object; none without any.
    pub headers: Option<Value>,
    /// What the simulated provider was told to do, which shapes its answer.
    pub simulate: Option<&'a str>,
    /// A filled intent key such as `task:car:base`; stands for the last user message.
    pub intent_key: Option<&'a str>,
}

/// Fields of a body that do not change the answer.
const WITHOUT_EFFECT: [&str; 6] = ["model", "stream", "stream_options", "user", "metadata", "store"];

/// The key, 64 hex digits.
#[must_use]
pub fn response_key(parts: &KeyParts<'_>) -> String {
    let mut body = body_with_effect(parts);
    if parts.intent_key.is_some()
        && let Some(fields) = body.as_object_mut()
    {
        remove_last_user_text(fields);
    }
    let mut whole = json!({
        "version": 1,
        "tenant": parts.tenant,
        "protocol": parts.protocol.as_str(),
        "target": parts.target,
        "app_version": parts.app_version,
        "intent_key": parts.intent_key,
        "body": body,
        "simulate": parts.simulate,
    });
    if let Some(headers) = &parts.headers {
        whole["headers"] = headers.clone();
    }
    let mut canonical = Vec::with_capacity(1024);
    write_canonical(&whole, &mut canonical);
    hex(&Sha256::digest(&canonical))
}

/// The body without the fields that do not change the answer.
fn body_with_effect(parts: &KeyParts<'_>) -> Value {
    let verbatim = parts.chat.is_some_and(|chat| keeps_its_form(chat, parts.body));
    let mut body = parts.body.clone();
    if let Some(fields) = body.as_object_mut() {
        for name in WITHOUT_EFFECT {
            // An answer that only its own protocol can carry is kept as it came, so its form is part of the key.
            if !(verbatim && name.starts_with("stream")) {
                fields.shift_remove(name);
            }
        }
    }
    body
}

/// The body without the words of its last message: what two calls must share before their questions may be compared.
/// None when the last message is not the user's, or holds more than text.
pub(super) fn body_without_question(parts: &KeyParts<'_>) -> Option<Value> {
    let mut body = body_with_effect(parts);
    remove_last_user_text(body.as_object_mut()?).then_some(body)
}

/// True when an answer must be played back in the very form it came in, whole or streamed: it holds what the neutral form
/// cannot carry. Thinking is signed by its provider, and is refused in the next turn without the signature.
#[must_use]
pub fn keeps_its_form(chat: &Chat, body: &Value) -> bool {
    let thinking = body.get("thinking").and_then(|thinking| thinking.get("type"));
    chat.same_protocol_only
        || thinking
            .and_then(Value::as_str)
            .is_some_and(|kind| kind != "disabled")
}

/// The last user message stays in place with its role, only its content goes: the turns before it keep their meaning. A
/// message that holds more than text (an image, a tool's result) stays whole, because the intent saw only its text. True
/// when there was something to take out.
fn remove_last_user_text(fields: &mut Map<String, Value>) -> bool {
    let last = fields
        .get_mut("messages")
        .and_then(Value::as_array_mut)
        .and_then(|messages| messages.last_mut());
    if let Some(message) = last.and_then(Value::as_object_mut)
        && message.get("role").and_then(Value::as_str) == Some("user")
        && message.get("content").is_some_and(is_text_alone)
    {
        message.insert("content".to_owned(), Value::Null);
        return true;
    }
    false
}

fn is_text_alone(content: &Value) -> bool {
    let is_text = |part: &Value| part.get("type").and_then(Value::as_str) == Some("text");
    match content {
        Value::String(_) => true,
        Value::Array(parts) => parts.iter().all(is_text),
        _ => false,
    }
}

/// Bytes as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(tenant: &str, target: &str, body: &Value) -> String {
        response_key(&KeyParts {
            tenant,
            protocol: ClientProtocol::ChatCompletions,
            target,
            app_version: "1",
            body,
            chat: None,
            headers: None,
            simulate: None,
            intent_key: None,
        })
    }

    #[test]
    fn the_order_of_fields_does_not_matter_and_their_values_do() {
        let one = json!({"messages":[{"role":"user","content":"hi"}],"temperature":0,"model":"a"});
        let two = json!({"model":"a","temperature":0,"messages":[{"content":"hi","role":"user"}]});
        assert_eq!(
            key("t", "x", &one),
            key("t", "x", &two),
            "field order must not split entries"
        );
        let warmer = json!({"messages":[{"role":"user","content":"hi"}],"temperature":1});
        assert_ne!(
            key("t", "x", &one),
            key("t", "x", &warmer),
            "parameters are hard parts"
        );
        assert_ne!(key("t", "x", &one), key("u", "x", &one), "tenants are hard parts");
        assert_ne!(key("t", "x", &one), key("t", "y", &one), "models are hard parts");
    }

    #[test]
    fn headers_that_go_on_to_the_provider_are_hard_parts() {
        let keyed = |headers: Option<Value>| {
            response_key(&KeyParts {
                tenant: "t",
                protocol: ClientProtocol::Messages,
                target: "x",
                app_version: "1",
                body: &json!({"messages": []}),
                chat: None,
                headers,
                simulate: None,
                intent_key: None,
            })
        };
        let beta = |value: &str| Some(json!({"anthropic-beta": [value]}));
        assert_eq!(keyed(beta("one")), keyed(beta("one")));
        assert_ne!(keyed(beta("one")), keyed(beta("two")));
        assert_ne!(keyed(beta("one")), keyed(None));
    }

    #[test]
    fn streamed_and_whole_calls_share_an_entry() {
        let whole = json!({"messages":[], "stream": false});
        let streamed = json!({"messages":[], "stream": true, "stream_options": {"include_usage": true}});
        assert_eq!(key("t", "x", &whole), key("t", "x", &streamed));
    }

    #[test]
    fn an_intent_key_replaces_only_the_last_user_message() {
        let keyed = |body: &Value| {
            response_key(&KeyParts {
                tenant: "t",
                protocol: ClientProtocol::ChatCompletions,
                target: "x",
                app_version: "1",
                body,
                chat: None,
                headers: None,
                simulate: None,
                intent_key: Some("task:car:base"),
            })
        };
        let one = json!({"messages":[{"role":"system","content":"s"},{"role":"user","content":"plan to buy a car"}]});
        let two =
            json!({"messages":[{"role":"system","content":"s"},{"role":"user","content":"car buying plan"}]});
        let other =
            json!({"messages":[{"role":"system","content":"z"},{"role":"user","content":"car buying plan"}]});
        assert_eq!(keyed(&one), keyed(&two));
        assert_ne!(keyed(&two), keyed(&other), "the system prompt stays a hard part");
    }

    #[test]
    fn an_intent_key_never_stands_for_images_or_tool_results() {
        let keyed = |content: Value| {
            response_key(&KeyParts {
                tenant: "t",
                protocol: ClientProtocol::Messages,
                target: "x",
                app_version: "1",
                body: &json!({"messages":[{"role":"user","content":content}]}),
                chat: None,
                headers: None,
                simulate: None,
                intent_key: Some("task task:car:base"),
            })
        };
        let text = json!({"type":"text","text":"plan to buy a car"});
        let image = |data: &str| json!([text, {"type":"image","source":{"type":"base64","data":data}}]);
        let result = |said: &str| json!([{"type":"tool_result","tool_use_id":"1","content":said}, text]);
        assert_ne!(keyed(image("a")), keyed(image("b")));
        assert_ne!(keyed(image("a")), keyed(json!([text])));
        assert_ne!(keyed(result("12")), keyed(result("13")));
        assert_eq!(keyed(json!([text])), keyed(json!("plan to buy a car")));
    }

    #[test]
    fn signed_thinking_keeps_whole_and_streamed_apart() {
        let keyed = |body: Value| {
            response_key(&KeyParts {
                tenant: "t",
                protocol: ClientProtocol::Messages,
                target: "x",
                app_version: "1",
                body: &body,
                chat: Some(&Chat::default()),
                headers: None,
                simulate: None,
                intent_key: None,
            })
        };
        let call = |thinking: &str, stream: bool| json!({"messages":[],"thinking":{"type":thinking},"stream":stream});
        assert_ne!(keyed(call("enabled", true)), keyed(call("enabled", false)));
        assert_eq!(keyed(call("disabled", true)), keyed(call("disabled", false)));
    }

    proptest! {
        #[test]
        fn different_parts_never_share_a_key(
            a in ("[a-c]{0,3}", "[a-c]{0,3}", "[a-c]{0,3}", 0u8..3),
            b in ("[a-c]{0,3}", "[a-c]{0,3}", "[a-c]{0,3}", 0u8..3),
        ) {
            let make = |p: &(String, String, String, u8)| {
                key(&p.0, &p.1, &json!({"messages":[{"role":"user","content":p.2}],"temperature":p.3}))
            };
            prop_assert_eq!(a == b, make(&a) == make(&b));
        }
    }
}
