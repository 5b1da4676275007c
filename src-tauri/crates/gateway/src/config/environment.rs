//! The environment variables that Weir knows. Keys are only looked at for being there; their values are read when a call needs them.

use secrecy::SecretString;
use std::collections::BTreeMap;
use weir_contract::model::catalog::{KeySource, ProviderConfig, ProviderProtocol};
use weir_engine::provider::SecretSource;

/// A copy of the environment, taken once.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, SecretString>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Name, protocol and usual base URL of the providers that the environment can switch on.
const KNOWN: [(&str, ProviderProtocol, &str); 3] = [
    ("openai", ProviderProtocol::Openai, "https://api.openai.com/v1"),
    (
        "anthropic",
        ProviderProtocol::Anthropic,
        "https://api.anthropic.com/v1",
    ),
    (
        "gemini",
        ProviderProtocol::Gemini,
        "https://generativelanguage.googleapis.com/v1beta",
    ),
];

impl Environment {
    /// The process's own environment.
    #[must_use]
    pub fn of_process() -> Environment {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the environment is read"
        )]
        Environment::from_pairs(std::env::vars())
    }

    /// An environment for tests and for the window.
    pub fn from_pairs(pairs: impl Iterator<Item = (String, String)>) -> Environment {
        Environment {
            variables: pairs
                .map(|(name, value)| (name, SecretString::from(value)))
                .collect(),
        }
    }

    /// The value of a variable that is no secret; empty counts as absent.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<String> {
        use secrecy::ExposeSecret;
        let value = self.variables.get(name)?.expose_secret().trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    pub(super) fn database(&self) -> Option<String> {
        self.plain("WEIR_DATABASE")
    }
    pub(super) fn listen(&self) -> Option<String> {
        self.plain("WEIR_LISTEN")
    }
    pub(super) fn provider(&self) -> Option<String> {
        self.plain("WEIR_PROVIDER")
    }
    pub(super) fn base_url_of(&self, provider: &str) -> Option<String> {
        self.plain(&format!("{}_BASE_URL", provider.to_uppercase()))
    }

    /// The providers that a key or a base URL in the environment switches on.
    #[must_use]
    pub fn providers(&self) -> Vec<ProviderConfig> {
        let switched_on = KNOWN.iter().filter_map(|(name, protocol, usual_url)| {
            let key_name = format!("{}_API_KEY", name.to_uppercase());
            let has_key = self.plain(&key_name).is_some();
            let base_url = self.base_url_of(name);
            (has_key || base_url.is_some()).then(|| ProviderConfig {
                name: (*name).to_owned(),
                protocol: *protocol,
                base_url: base_url.unwrap_or_else(|| (*usual_url).to_owned()),
                key: if has_key {
                    KeySource::Env(key_name)
                } else {
                    KeySource::None
                },
            })
        });
        switched_on.collect()
    }
}

impl SecretSource for Environment {
    fn secret(&self, source: &KeySource) -> Option<SecretString> {
        match source {
            KeySource::Env(name) => {
                use secrecy::ExposeSecret;
                self.variables
                    .get(name)
                    .filter(|value| !value.expose_secret().trim().is_empty())
                    .cloned()
            }
            KeySource::None | KeySource::Keychain(_) => None,
        }
    }
}

/// The usual base URL of a protocol, where it has one.
#[must_use]
pub fn usual_base_url(protocol: ProviderProtocol) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|(_, known, _)| *known == protocol)
        .map(|(_, _, url)| *url)
}
