//! A key belongs to the origin it was entered for. Pure.
//!
//! A keychain entry is named after provider and origin (`openai@https://api.openai.com`), by Weir and never by the
//! caller. Changing the base URL to another origin therefore names another entry, which is empty until the key is
//! entered again: nobody can have a stored key sent elsewhere. An environment variable cannot be renamed from here, so
//! one that a provider already uses for another origin is refused.

use super::base_url::origin;
use weir_contract::{
    ApiError,
    model::catalog::{KeySource, ProviderConfig},
};

/// The key source to save for `wanted`, given all providers there are now.
///
/// # Errors
/// `InvalidArgument` for a variable whose name is not a key's, or that belongs to another origin.
pub(super) fn bind(wanted: &ProviderConfig, known: &[ProviderConfig]) -> Result<KeySource, ApiError> {
    match &wanted.key {
        KeySource::None => Ok(KeySource::None),
        KeySource::Keychain(_) => Ok(KeySource::Keychain(entry(wanted, known))),
        KeySource::Env(variable) => {
            check_variable(variable, wanted, known)?;
            Ok(wanted.key.clone())
        }
    }
}

/// The entry used so far while the origin stays, else the one named after provider and origin.
fn entry(wanted: &ProviderConfig, known: &[ProviderConfig]) -> String {
    let before = known.iter().find(|provider| provider.name == wanted.name);
    let to = origin(&wanted.base_url).unwrap_or_default();
    match before {
        Some(ProviderConfig {
            key: KeySource::Keychain(entry),
            base_url,
            ..
        }) if origin(base_url).as_ref() == Some(&to) => entry.clone(),
        _ => format!("{}@{to}", wanted.name),
    }
}

fn check_variable(variable: &str, wanted: &ProviderConfig, known: &[ProviderConfig]) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_key = variable.ends_with("_API_KEY") || variable.ends_with("_API_TOKEN");
    if !is_key || variable.len() > 100 || !variable.bytes().all(plain) {
        return Err(ApiError::invalid(format!(
            "provider.key: {variable:?} is no variable of a provider's key; its name must be A-Z, 0-9 and \"_\" and end in _API_KEY or _API_TOKEN"
        )));
    }
    let to = origin(&wanted.base_url);
    let other = known
        .iter()
        .find(|provider| provider.key == wanted.key && origin(&provider.base_url) != to);
    match other {
        None => Ok(()),
        Some(other) => Err(ApiError::invalid(format!(
            "provider.key: {variable} holds the key for {}, used by provider \"{}\"; it is not sent to another address. Use the keychain, or another variable",
            other.base_url, other.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{KeySource, ProviderConfig, bind};
    use weir_contract::model::catalog::ProviderProtocol;

    fn provider(name: &str, base_url: &str, key: KeySource) -> ProviderConfig {
        ProviderConfig {
            name: name.into(),
            protocol: ProviderProtocol::Openai,
            base_url: base_url.into(),
            key,
        }
    }
    fn keychain(entry: &str) -> KeySource {
        KeySource::Keychain(entry.into())
    }
    fn variable(name: &str) -> KeySource {
        KeySource::Env(name.into())
    }

    #[test]
    fn the_caller_never_chooses_an_entry() {
        let theft = provider(
            "mine",
            "https://evil.example",
            keychain("openai@https://api.openai.com"),
        );
        assert_eq!(bind(&theft, &[]), Ok(keychain("mine@https://evil.example")));
    }

    #[test]
    fn the_entry_stays_while_the_origin_stays() {
        let before = [provider("openai", "https://api.openai.com/v1", keychain("old"))];
        let same = provider("openai", "https://api.openai.com/v2", keychain(""));
        assert_eq!(bind(&same, &before), Ok(keychain("old")));
        let moved = provider("openai", "https://evil.example/v1", keychain("old"));
        assert_eq!(bind(&moved, &before), Ok(keychain("openai@https://evil.example")));
    }

    #[test]
    fn a_variable_is_not_sent_to_another_origin() {
        let before = [provider(
            "openai",
            "https://api.openai.com/v1",
            variable("OPENAI_API_KEY"),
        )];
        let theft = provider("mine", "https://evil.example", variable("OPENAI_API_KEY"));
        assert!(
            bind(&theft, &before)
                .unwrap_err()
                .message
                .contains("api.openai.com")
        );
        let moved = provider("openai", "https://evil.example", variable("OPENAI_API_KEY"));
        assert!(bind(&moved, &before).is_err());
        let same = provider(
            "openai-too",
            "https://api.openai.com/v1",
            variable("OPENAI_API_KEY"),
        );
        assert!(bind(&same, &before).is_ok());
    }

    #[test]
    fn only_variables_of_keys_are_read() {
        for wrong in [
            "",
            "PATH",
            "AWS_SECRET_ACCESS_KEY",
            "openai_api_key",
            "A B_API_KEY",
        ] {
            assert!(
                bind(&provider("p", "https://a.example", variable(wrong)), &[]).is_err(),
                "{wrong}"
            );
        }
    }
}
