//! The page's command on provider keys. The key goes in here and never comes out to the page.

use crate::profile::{Profile, on_thread};
use secrecy::SecretString;
use tauri::State;
use weir_contract::{ApiError, command::gateway::SecretsSet};

/// Longer than any provider's key.
const LONGEST_SECRET_BYTES: usize = 4096;

/// `secrets.set`: the entry that `KeySource::Keychain(provider)` reads.
///
/// # Errors
/// `invalid_argument` for an empty or unusable name or key.
#[tauri::command]
pub async fn secrets_set(profile: State<'_, Profile>, args: SecretsSet) -> Result<(), ApiError> {
    let SecretsSet { provider, secret } = args;
    check(&provider, secret.trim())?;
    let (store, secret) = (profile.secrets(), SecretString::from(secret.trim()));
    on_thread(move || store.set(&provider, secret)).await?;
    Ok(())
}

fn check(provider: &str, secret: &str) -> Result<(), ApiError> {
    if provider.is_empty() || provider.len() > 64 || provider.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "Name the provider that the key belongs to, in at most 64 characters.",
        ));
    }
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
    use super::check;

    #[test]
    fn a_key_must_look_like_one() {
        assert!(check("openai", "sk-proj-abc123").is_ok());
        for (provider, secret) in [
            ("", "sk-1"),
            ("openai", ""),
            ("openai", "sk 1"),
            ("openai", "sk-1\nsk-2"),
            ("a\nb", "sk-1"),
        ] {
            let problem = check(provider, secret).unwrap_err();
            assert!(
                !problem.message.contains("sk-1"),
                "the message must not repeat the key"
            );
        }
        assert!(check("openai", &"k".repeat(5000)).is_err());
    }
}
