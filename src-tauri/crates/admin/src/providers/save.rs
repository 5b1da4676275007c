//! `providers.save`: creates a provider or replaces the version named.
//!
//! A stored key stays only while the base URL keeps its origin. With another origin the reply names another keychain
//! entry and the key's status is `missing` until it is entered again; see `key_binding.rs`.

use super::{
    KIND, base_url, key_binding,
    list::{find, states},
};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError, ErrorCode,
    command::providers::ProvidersSave,
    model::catalog::{KeySource, ProviderConfig, ProviderProtocol, ProviderState},
};

/// Saves the provider and applies it at once.
///
/// # Errors
/// `InvalidArgument` naming the field, `NotAllowed` for a provider of the configuration file, `Conflict` when somebody
/// changed it first, failures of the database.
pub async fn save(admin: &Admin, command: ProvidersSave) -> Result<ProviderState, ApiError> {
    let mut provider = command.provider;
    check::name("provider.name", &provider.name)?;
    let known = states(admin).await?;
    if let Ok(state) = find(&known, &provider.name)
        && state.from_file
    {
        return Err(ApiError::new(
            ErrorCode::NotAllowed,
            format!(
                "provider \"{}\" comes from the configuration file or the environment; change it there, or choose another name",
                provider.name
            ),
        ));
    }
    provider = sound(provider)?;
    let configs: Vec<ProviderConfig> = known.into_iter().map(|state| state.config).collect();
    provider.key = key_binding::bind(&provider, &configs)?;
    config::save(admin, KIND, &provider.name, &provider, command.expected_version).await?;
    let states = states(admin).await?;
    find(&states, &provider.name).cloned()
}

/// The provider with its address in the form that is kept.
fn sound(mut provider: ProviderConfig) -> Result<ProviderConfig, ApiError> {
    if provider.protocol != ProviderProtocol::Simulated {
        provider.base_url = base_url::check(&provider.base_url)?;
        return Ok(provider);
    }
    if !provider.base_url.trim().is_empty() {
        return Err(ApiError::invalid(
            "provider.base_url: the simulated provider has no address; leave it empty",
        ));
    }
    if provider.key != KeySource::None {
        return Err(ApiError::invalid(
            "provider.key: the simulated provider needs no key; send {\"kind\": \"none\"}",
        ));
    }
    provider.base_url.clear();
    Ok(provider)
}

#[cfg(test)]
mod tests {
    use super::{KeySource, ProviderConfig, ProviderProtocol, sound};

    fn provider(protocol: ProviderProtocol, base_url: &str, key: KeySource) -> ProviderConfig {
        ProviderConfig {
            name: "p".into(),
            protocol,
            base_url: base_url.into(),
            key,
        }
    }

    #[test]
    fn the_simulated_provider_has_neither_address_nor_key() {
        assert!(
            sound(provider(ProviderProtocol::Simulated, " ", KeySource::None))
                .unwrap()
                .base_url
                .is_empty()
        );
        assert!(
            sound(provider(
                ProviderProtocol::Simulated,
                "https://a.example",
                KeySource::None
            ))
            .is_err()
        );
        assert!(
            sound(provider(
                ProviderProtocol::Simulated,
                "",
                KeySource::Env("A_API_KEY".into())
            ))
            .is_err()
        );
    }

    #[test]
    fn others_need_a_sound_address() {
        let kept = sound(provider(
            ProviderProtocol::Gemini,
            "https://a.example/v1/",
            KeySource::None,
        ))
        .unwrap();
        assert_eq!(kept.base_url, "https://a.example/v1");
        assert!(sound(provider(ProviderProtocol::Openai, "", KeySource::None)).is_err());
    }
}
