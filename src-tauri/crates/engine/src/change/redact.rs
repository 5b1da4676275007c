//! What the log of changes says of secrets and people: nothing that could be used, enough to tell two apart.
//!
//! The log is never shortened, so what it should not hold for ever must not get in. By the type of the field: secrets become
//! `[secret]`; people and their addresses become a mark that is the same for the same person in this database and means
//! nothing elsewhere; of web addresses only the origin stays. Whatever looks like a key of a known provider goes too,
//! wherever it stands. Public ids of virtual keys stay: they open nothing.

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Random, made once for each database.
pub type Salt = [u8; 32];

/// In the place of a secret.
pub const SECRET: &str = "[secret]";

/// Fields that hold a secret, should one ever stand there.
const SECRET_FIELDS: [&str; 8] = [
    "secret",
    "password",
    "token",
    "api_key",
    "authorization",
    "secret_sha256",
    "previous_sha256",
    "private_key",
];
/// Fields that name people.
const PEOPLE_FIELDS: [&str; 6] = ["owner", "user", "from", "to", "email", "client_ip"];
/// Values of these subjects name people: `{"kind": "user", "value": "ana"}`.
const PEOPLE_SUBJECTS: [&str; 4] = ["user", "ip", "session", "event"];
/// Fields with a web address whose path may be a secret.
const ADDRESS_FIELDS: [&str; 2] = ["url", "base_url"];

static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let shapes = [
        // OpenAI, Anthropic, OpenRouter, Stripe, Langfuse, and our own with its secret part.
        r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{12,}[A-Za-z0-9_-]*",
        r"\bwhsec_[A-Za-z0-9+/=]{8,}",
        r"\bxox[a-z]-[A-Za-z0-9-]{8,}",
        r"\bgh[a-z]_[A-Za-z0-9]{16,}",
        r"\bgithub_pat_[A-Za-z0-9_]{16,}",
        r"\bglpat-[A-Za-z0-9_-]{12,}",
        // Without hyphens, which names have: `key-calls-of-the-night-shift` is no key.
        r"\b(?:hf|gsk|r8|nvapi|pplx|xai|tgp|fw)[-_][A-Za-z0-9_]{16,}",
        r"\bAIza[A-Za-z0-9_-]{20,}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
        r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{8,}",
        r"hooks\.slack\.com/[A-Za-z0-9/_-]+",
        // User and password in an address.
        r"://[^/\s:@]+:[^/\s@]+@",
    ];
    Regex::new(&shapes.join("|")).ok()
});

/// The text without what looks like a key.
#[must_use]
pub fn text(text: &str) -> String {
    match KEYS.as_ref() {
        Some(keys) => keys.replace_all(text, SECRET).into_owned(),
        // Better nothing than something that was not looked through. The pattern is a constant, and tested.
        None => SECRET.to_owned(),
    }
}

/// The JSON text with secrets, people and addresses made unusable. What is no JSON is taken as a text.
#[must_use]
pub fn json(source: &str, salt: &Salt) -> String {
    match serde_json::from_str::<Value>(source) {
        Ok(mut value) => {
            walk(&mut value, "", salt);
            value.to_string()
        }
        Err(_) => text(source),
    }
}

/// The same for the same person in this database.
#[must_use]
pub fn mark(person: &str, salt: &Salt) -> String {
    if person.is_empty() {
        return String::new();
    }
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(person.as_bytes());
    let digest = hasher.finalize();
    format!(
        "[person {:02x}{:02x}{:02x}{:02x}]",
        digest[0], digest[1], digest[2], digest[3]
    )
}

fn walk(value: &mut Value, field: &str, salt: &Salt) {
    match value {
        Value::String(found) => *found = leaf(found, field, salt),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, field, salt)),
        Value::Object(fields) => {
            // Where a secret is read from (`{"kind": "env", "value": "OPENAI_API_KEY"}`) is no secret itself.
            let is_source = matches!(
                fields.get("kind").and_then(Value::as_str),
                Some("none" | "env" | "keychain")
            );
            let names_a_person = fields
                .get("kind")
                .and_then(Value::as_str)
                .is_some_and(|kind| PEOPLE_SUBJECTS.contains(&kind));
            for (name, value) in fields.iter_mut() {
                let field = match name.as_str() {
                    "value" if names_a_person => "user",
                    "value" if is_source => "",
                    other => other,
                };
                walk(value, field, salt);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn leaf(found: &str, field: &str, salt: &Salt) -> String {
    if SECRET_FIELDS.contains(&field) && !found.is_empty() {
        return SECRET.to_owned();
    }
    if PEOPLE_FIELDS.contains(&field) {
        return mark(found, salt);
    }
    if ADDRESS_FIELDS.contains(&field) {
        return address(found, salt);
    }
    text(found)
}

/// The origin, and a mark for the rest. What has no secret in it, such as `/v1`, stays.
fn address(found: &str, salt: &Salt) -> String {
    let Ok(url) = url::Url::parse(found) else {
        return text(found);
    };
    let rest = &url[url::Position::BeforePath..];
    let is_plain = rest.len() <= 24 && url.query().is_none() && url.fragment().is_none();
    let origin = url.origin().ascii_serialization();
    if is_plain {
        return format!("{origin}{}", rest.trim_end_matches('/'));
    }
    format!("{origin}/{}", mark(rest, salt).replace("person", "path"))
}

#[cfg(test)]
mod tests {
    use super::{SECRET, json, mark, text};

    const SALT: [u8; 32] = [7; 32];

    #[test]
    fn keys_of_every_provider_are_found_anywhere() {
        for key in [
            "sk-proj-abcdEFGH1234567890abcd",
            "sk-ant-api03-abcdEFGH1234567890",
            "sk-or-v1-0123456789abcdef0123456789abcdef",
            "sk-weir-abcdefghijkl-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "xoxb-123456789012-abcdefghijkl",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "AIzaSyA1234567890abcdefghijklmnopqrstuv",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123",
            "gsk_abcdefghijklmnop12345678",
            "Bearer abcdefgh12345678",
            "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
            "https://ana:hunter2@db.example",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        ] {
            let said = text(&format!("before {key} after"));
            assert!(said.contains(SECRET) && said.ends_with("after"), "{key}: {said}");
            let secret_part = &key[key.len() / 2..];
            assert!(
                !said.contains(secret_part) || secret_part.len() < 6 || key.contains("db.example"),
                "{key}: {said}"
            );
            let nested = json(&format!("{{\"name\":[{{\"deep\":{:?}}}]}}", key), &SALT);
            assert!(nested.contains(SECRET), "{nested}");
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for plain in [
            "global-daily",
            "key-abcdefghijkl",
            "key-calls-of-the-night-shift",
            "co-founders-monthly-limit",
            "sk-learn",
            "task:car:base",
            "openai/gpt-5-mini-2025-08-07",
            "OPENAI_API_KEY",
            "Europe/Berlin",
        ] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn fields_are_redacted_by_their_type() {
        let source = r#"{"owner":"ana","password":"hunter2","scope":{"kind":"user","value":"ana"},"team":"red",
            "key":{"kind":"env","value":"OPENAI_API_KEY"},"base_url":"https://api.openai.com/v1",
            "url":"https://hooks.example/services/T0/abcdefghijklmnop?token=x","to":["ana","ben@example.com"],"limit":5}"#;
        let said: serde_json::Value = serde_json::from_str(&json(source, &SALT)).unwrap();
        let ana = mark("ana", &SALT);
        assert_eq!(said["owner"], ana);
        assert_eq!(said["scope"]["value"], ana, "the same person");
        assert_eq!(said["to"][0], ana);
        assert_ne!(said["to"][1], ana);
        assert_eq!(said["password"], SECRET);
        assert_eq!(said["team"], "red");
        assert_eq!(said["key"]["value"], "OPENAI_API_KEY");
        assert_eq!(said["base_url"], "https://api.openai.com/v1");
        assert!(
            said["url"]
                .as_str()
                .unwrap()
                .starts_with("https://hooks.example/[path ")
        );
        assert_eq!(said["limit"], 5);
        let other = json(r#"{"owner":"ana"}"#, &[8; 32]);
        assert!(!other.contains(&ana), "another database, another mark");
        assert!(
            !json(source, &SALT).contains("hunter2") && !json(source, &SALT).contains("abcdefghijklmnop")
        );
    }
}
