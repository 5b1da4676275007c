//! A provider out of its configuration.

use super::{
    Provider, SecretSource,
    anthropic::{self, Anthropic},
    base_url::{self, BaseUrlError},
    endpoint::{Endpoint, KeyHeader},
    gemini::{self, Gemini},
    openai::{self, OpenAi},
    simulated::Simulated,
};
use reqwest::header::{HeaderMap, HeaderValue};
use std::sync::Arc;
use weir_contract::model::catalog::{ProviderConfig, ProviderProtocol};

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderConfigError {
    #[error("provider `{name}`: the base URL {problem}")]
    BaseUrl { name: String, problem: BaseUrlError },
    #[error("a provider's name must be 1 to 64 letters, digits, `-`, `_` or `.`, not `{0}`")]
    Name(String),
}

/// Builds a provider. An empty base URL means the protocol's usual one. Nothing is called and no key is read yet.
///
/// # Errors
/// [`ProviderConfigError`] for a name or an address that cannot be used.
pub fn build(
    config: &ProviderConfig,
    client: reqwest::Client,
    secrets: Arc<dyn SecretSource>,
) -> Result<Arc<dyn Provider>, ProviderConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if config.name.is_empty() || config.name.len() > 64 || !config.name.chars().all(fits) {
        return Err(ProviderConfigError::Name(config.name.clone()));
    }
    let (usual, key_header) = match config.protocol {
        ProviderProtocol::Simulated => return Ok(Arc::new(Simulated::default())),
        ProviderProtocol::Openai => (openai::DEFAULT_BASE_URL, KeyHeader::Bearer),
        ProviderProtocol::Anthropic => (anthropic::DEFAULT_BASE_URL, KeyHeader::Plain("x-api-key")),
        ProviderProtocol::Gemini => (gemini::DEFAULT_BASE_URL, KeyHeader::Plain("x-goog-api-key")),
    };
    let given = config.base_url.trim();
    let base_url = base_url::check(if given.is_empty() { usual } else { given }).map_err(|problem| {
        ProviderConfigError::BaseUrl {
            name: config.name.clone(),
            problem,
        }
    })?;
    let mut headers = HeaderMap::new();
    if config.protocol == ProviderProtocol::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(anthropic::VERSION));
    }
    let endpoint = Endpoint {
        name: config.name.clone(),
        base_url,
        key: config.key.clone(),
        key_header,
        headers,
        client,
        secrets,
    };
    Ok(match config.protocol {
        ProviderProtocol::Anthropic => Arc::new(Anthropic::new(endpoint)),
        ProviderProtocol::Gemini => Arc::new(Gemini::new(endpoint)),
        ProviderProtocol::Openai | ProviderProtocol::Simulated => Arc::new(OpenAi::new(endpoint)),
    })
}
