//! The environment variables that Weir knows. Keys are only looked at for being there; their values are read when a call needs them.

use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use weir_contract::model::catalog::{KeySource, ProviderConfig, ProviderProtocol};
use weir_engine::provider::SecretSource;

/// A copy of the environment, taken once.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, SecretString>,
    /// Where the running program lies, and beside it what a release brings along.
    program_folder: Option<PathBuf>,
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
        let environment = Environment::from_pairs(std::env::vars());
        let program = std::env::current_exe().ok();
        match program.as_deref().and_then(Path::parent) {
            Some(folder) => environment.in_folder(folder),
            None => environment,
        }
    }

    /// The same for a program that lies in this folder.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Environment {
        Environment {
            program_folder: Some(folder.to_owned()),
            ..self
        }
    }

    /// An environment for tests and for the window.
    pub fn from_pairs(pairs: impl Iterator<Item = (String, String)>) -> Environment {
        Environment {
            variables: pairs
                .map(|(name, value)| (name, SecretString::from(value)))
                .collect(),
            program_folder: None,
        }
    }

    /// The value of a variable that is no secret; empty counts as absent.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<String> {
        use secrecy::ExposeSecret;
        let value = self.variables.get(name)?.expose_secret().trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Where the embedding model is: beside the program in a release, else where the set-up puts it, in the system's folder
    /// for what can be fetched again.
    pub(super) fn embedding_model_file(&self) -> Option<PathBuf> {
        let named = self.plain("WEIR_EMBEDDING_MODEL").map(PathBuf::from);
        let folder = |name: &str| self.plain(name).map(PathBuf::from);
        let caches = || {
            if cfg!(windows) {
                folder("LOCALAPPDATA")
            } else if cfg!(target_os = "macos") {
                folder("HOME").map(|home| home.join("Library").join("Caches"))
            } else {
                folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
            }
        };
        let beside = || {
            let folder = self.program_folder.as_ref()?;
            let file = folder.join("models").join(weir_embedder::FILE_NAME);
            file.is_file().then_some(file)
        };
        named.or_else(beside).or_else(|| {
            Some(
                caches()?
                    .join("weir")
                    .join("models")
                    .join(weir_embedder::FILE_NAME),
            )
        })
    }

    /// Where this machine is to keep what a shared database does not take.
    pub(super) fn spool(&self) -> Option<PathBuf> {
        self.plain("WEIR_SPOOL").map(PathBuf::from)
    }

    /// The system's folder for what a program must find again after a restart.
    pub(super) fn state_folder(&self) -> Option<PathBuf> {
        let folder = |name: &str| self.plain(name).map(PathBuf::from);
        let states = if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library").join("Application Support"))
        } else {
            folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local").join("state")))
        };
        states.map(|states| states.join("weir").join("spool"))
    }

    pub(super) fn database(&self) -> Option<String> {
        self.plain("WEIR_DATABASE")
    }
    pub(super) fn redis(&self) -> Option<String> {
        self.plain("WEIR_REDIS_URL")
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

#[cfg(test)]
mod tests {
    use super::Environment;
    use std::{fs, path::Path};

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let owned = pairs
            .iter()
            .map(|(name, value)| (String::from(*name), String::from(*value)));
        Environment::from_pairs(owned)
    }

    #[test]
    fn a_model_beside_the_program_comes_before_the_cache_folder() {
        let folder = tempfile::tempdir().unwrap();
        let caches = [
            ("XDG_CACHE_HOME", "/caches"),
            ("LOCALAPPDATA", "/caches"),
            ("HOME", "/caches"),
        ];
        let beside = folder.path().join("models").join(weir_embedder::FILE_NAME);
        let found = || {
            environment(&caches)
                .in_folder(folder.path())
                .embedding_model_file()
                .unwrap()
        };
        assert!(
            found().starts_with("/caches"),
            "there is none beside it: {:?}",
            found()
        );
        fs::create_dir_all(beside.parent().unwrap()).unwrap();
        fs::write(&beside, "a model").unwrap();
        assert_eq!(found(), beside);
        let named = environment(&[("WEIR_EMBEDDING_MODEL", "/named.onnx")]).in_folder(folder.path());
        assert_eq!(
            named.embedding_model_file().as_deref(),
            Some(Path::new("/named.onnx"))
        );
    }
}
