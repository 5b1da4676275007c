//! The page's command on provider keys. The key goes in here and never comes out to the page.

use crate::{asking::Asking, profile::on_thread};
use secrecy::SecretString;
use weir_contract::{
    ApiError, ErrorCode,
    command::{gateway::SecretsSet, providers::ProvidersList},
    model::catalog::{KeySource, ProviderState},
};

/// Longer than any provider's key.
const LONGEST_SECRET_BYTES: usize = 4096;

/// `secrets.set`: fills the entry that the provider's own `KeySource::Keychain` names, so that what is stored here is
/// what its calls read.
///
/// # Errors
/// `invalid_argument` for an empty or unusable key, or a provider that takes none from the keychain; `not_found` for an
/// unknown provider.
#[tauri::command]
pub async fn secrets_set(asking: Asking, args: SecretsSet) -> Result<(), ApiError> {
    let SecretsSet { provider, secret } = args;
    let secret = secret.reveal().trim();
    check(secret)?;
    let entry = entry(&asking.call(ProvidersList {}).await?, &provider)?;
    let (store, secret) = (asking.local()?.secrets(), SecretString::from(secret));
    on_thread(move || store.set(&entry, secret)).await?;
    Ok(())
}

/// The keychain entry that this provider reads its key from.
fn entry(providers: &[ProviderState], name: &str) -> Result<String, ApiError> {
    let found = providers.iter().find(|provider| provider.config.name == name);
    match found.map(|provider| &provider.config.key) {
        Some(KeySource::Keychain(entry)) => Ok(entry.clone()),
        Some(KeySource::Env(variable)) => Err(ApiError::invalid(format!(
            "{name} reads its key from the environment variable {variable}. Set that, or edit the provider to use the keychain."
        ))),
        Some(KeySource::None) => Err(ApiError::invalid(format!(
            "{name} needs no key. Edit the provider if it should send one."
        ))),
        None => Err(ApiError::new(
            ErrorCode::NotFound,
            "There is no provider of this name: save the provider first, then its key.",
        )),
    }
}

fn check(secret: &str) -> Result<(), ApiError> {
    if secret.is_empty() {
        return Err(ApiError::invalid(
            "The key is empty: paste the key from the provider's own page.",
        ));
    }
    if secret.len() > LONGEST_SECRET_BYTES
        || secret
            .chars()
            .any(|character| character.is_control() || character == ' ')
    {
        return Err(ApiError::invalid(
            "This is not a key: it is too long, or has spaces or line breaks in it.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::model::catalog::{KeyStatus, ProviderConfig, ProviderProtocol};

    fn provider(name: &str, key: KeySource) -> ProviderState {
        ProviderState {
            config: ProviderConfig {
                name: name.to_owned(),
                protocol: ProviderProtocol::Openai,
                base_url: "https://api.openai.com/v1".to_owned(),
                key,
            },
            key_status: KeyStatus::Missing,
            is_default: false,
            from_file: false,
            version: 1,
            breakers: Vec::new(),
        }
    }

    #[test]
    fn a_key_goes_where_its_provider_reads_it() {
        let bound = KeySource::Keychain("openai@https://api.openai.com".to_owned());
        let providers = [
            provider("openai", bound),
            provider("other", KeySource::Env("OTHER_API_KEY".to_owned())),
            provider("ollama", KeySource::None),
        ];
        assert_eq!(
            entry(&providers, "openai").unwrap(),
            "openai@https://api.openai.com"
        );
        assert!(
            entry(&providers, "other")
                .unwrap_err()
                .message
                .contains("OTHER_API_KEY")
        );
        assert!(entry(&providers, "ollama").is_err());
        assert_eq!(entry(&providers, "nobody").unwrap_err().code, ErrorCode::NotFound);
    }

    #[test]
    fn a_key_must_look_like_one() {
        assert!(check("sk-proj-abc123").is_ok());
        for secret in ["", "sk 1", "sk-1\nsk-2"] {
            let problem = check(secret).unwrap_err();
            assert!(
                !problem.message.contains("sk-1"),
                "the message must not repeat the key"
            );
        }
        assert!(check(&"k".repeat(5000)).is_err());
    }
}
