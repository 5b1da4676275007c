//! A provider's form as plain data.

use weir_contract::model::catalog::{KeySource, ProviderConfig, ProviderProtocol, ProviderState};

/// Key and word of every protocol.
pub const PROTOCOLS: [(&str, &str); 4] = [
    ("openai", "OpenAI and compatible"),
    ("anthropic", "Anthropic"),
    ("gemini", "Gemini"),
    ("simulated", "Simulated"),
];

/// The form's key of a protocol.
#[must_use]
pub fn protocol_key(protocol: ProviderProtocol) -> &'static str {
    match protocol {
        ProviderProtocol::Openai => "openai",
        ProviderProtocol::Anthropic => "anthropic",
        ProviderProtocol::Gemini => "gemini",
        ProviderProtocol::Simulated => "simulated",
    }
}

/// Where the provider's key comes from, in words.
#[must_use]
pub fn key_words(state: &ProviderState) -> String {
    match &state.config.key {
        KeySource::None => "no key needed".to_owned(),
        KeySource::Env(name) => format!("key from the environment, {name}"),
        KeySource::Keychain(_) => "key kept in the keychain".to_owned(),
    }
}

/// Reads the form. `source` is `keychain`, `env` or `none`.
///
/// # Errors
/// The first thing that is wrong, and how to correct it.
pub fn read(
    name: &str,
    protocol: &str,
    base_url: &str,
    source: &str,
    variable: &str,
) -> Result<ProviderConfig, String> {
    let name = name.trim();
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_')
    {
        return Err(
            "The name is lower-case letters, digits, - and _: it becomes the first part of provider/model."
                .to_owned(),
        );
    }
    let protocol = match protocol {
        "anthropic" => ProviderProtocol::Anthropic,
        "gemini" => ProviderProtocol::Gemini,
        "simulated" => ProviderProtocol::Simulated,
        _ => ProviderProtocol::Openai,
    };
    let base_url = base_url.trim().trim_end_matches('/');
    let is_url = base_url.starts_with("https://") || base_url.starts_with("http://");
    if protocol != ProviderProtocol::Simulated && !is_url {
        return Err(
            "The base URL starts with https:// (or http:// for a server on this computer).".to_owned(),
        );
    }
    let key = match source {
        "none" => KeySource::None,
        "env" if variable.trim().is_empty() => {
            return Err("Name the environment variable that holds the key.".to_owned());
        }
        "env" => KeySource::Env(variable.trim().to_owned()),
        _ => KeySource::Keychain(name.to_owned()),
    };
    Ok(ProviderConfig {
        name: name.to_owned(),
        protocol,
        base_url: base_url.to_owned(),
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_form_becomes_a_provider() {
        let made = read("my-llm", "openai", "http://127.0.0.1:11434/v1/", "none", "").expect("a good form");
        assert_eq!(
            (made.base_url.as_str(), made.key),
            ("http://127.0.0.1:11434/v1", KeySource::None)
        );
        assert_eq!(
            read("a", "gemini", "https://x", "keychain", "").map(|made| made.key),
            Ok(KeySource::Keychain("a".into()))
        );
    }

    #[test]
    fn wrong_forms_say_what_to_correct() {
        assert!(read("My LLM", "openai", "https://x", "none", "").is_err());
        assert!(read("a", "openai", "api.openai.com", "none", "").is_err());
        assert!(read("a", "openai", "https://x", "env", " ").is_err());
    }
}
