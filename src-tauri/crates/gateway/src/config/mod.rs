//! The configuration file and the environment: read once, checked, unknown keys refused. Nothing else reads the environment.

pub mod compile;
mod database;
pub mod environment;
mod example;
mod file;
mod ladder;
pub mod play_money;
mod redis;

pub use database::{Database, DatabaseUrl};
pub use environment::Environment;
pub use example::EXAMPLE;
pub use file::{EmbedderSection, FileConfig, GatewaySection, ModelFacts, ProviderSection, TracesSection};
pub use redis::{RedisConfig, RedisSection};

use std::path::{Path, PathBuf};
use weir_contract::model::catalog::{KeySource, ProviderConfig, ProviderProtocol};

/// What is wrong with a configuration, in words that say how to correct it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {problem}")]
    Unreadable { path: PathBuf, problem: std::io::Error },
    /// The file is not what it should be; the message has the line and the known keys.
    #[error("the configuration file {path} is wrong:\n{problem}")]
    Wrong { path: PathBuf, problem: String },
    /// A value makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// Everything that was configured, file and environment together.
#[derive(Debug, Clone)]
pub struct Config {
    pub file: FileConfig,
    pub providers: Vec<ProviderConfig>,
    /// Name of the provider that `auto` and bare model names use.
    pub default_provider: String,
    pub database_url: DatabaseUrl,
    pub listen: String,
    /// The Redis beside the database, where there is one.
    pub redis: Option<RedisConfig>,
    /// Where the embedding model's file is looked for; none where there is no folder for it.
    pub embedding_model_file: Option<PathBuf>,
    /// Where this machine keeps what a database does not take; none where there is no folder for it.
    pub spool: Option<PathBuf>,
}

impl Config {
    /// Reads the file, if one is named, and lays the environment over it.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Config, ConfigError> {
        let file = match path {
            None => FileConfig::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|problem| ConfigError::Unreadable {
                    path: path.to_owned(),
                    problem,
                })?;
                FileConfig::parse(&text).map_err(|problem| ConfigError::Wrong {
                    path: path.to_owned(),
                    problem,
                })?
            }
        };
        Config::combine(file, environment)
    }

    /// Lays the environment over a file's content.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`].
    pub fn combine(file: FileConfig, environment: &Environment) -> Result<Config, ConfigError> {
        let mut providers: Vec<ProviderConfig> = file
            .providers
            .iter()
            .map(|(name, section)| section.to_provider(name))
            .collect::<Result<_, _>>()
            .map_err(ConfigError::Invalid)?;
        for provider in environment.providers() {
            // What the file says of a provider wins over what a key in the environment implies, but not over a base URL.
            match providers.iter_mut().find(|known| known.name == provider.name) {
                None => providers.push(provider),
                Some(known) => {
                    if environment.base_url_of(&provider.name).is_some() {
                        known.base_url = provider.base_url;
                    }
                }
            }
        }
        if !providers.iter().any(|provider| provider.name == "simulated") {
            providers.push(ProviderConfig {
                name: "simulated".to_owned(),
                protocol: ProviderProtocol::Simulated,
                base_url: String::new(),
                key: KeySource::None,
            });
        }
        // A first provider of the environment or the file is what `auto` uses; the embedder's own comes after.
        let first_provider = providers.first().map(|first| first.name.clone());
        add_embedder(&file, &mut providers).map_err(ConfigError::Invalid)?;
        let default_provider = environment
            .provider()
            .or_else(|| file.default_provider.clone())
            .unwrap_or_else(|| first_provider.unwrap_or_else(|| "simulated".to_owned()));
        if !providers.iter().any(|provider| provider.name == default_provider) {
            let known: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
            return Err(ConfigError::Invalid(format!(
                "the default provider \"{default_provider}\" is not configured; known are {} (set WEIR_PROVIDER or default_provider to one of them, or set {}_API_KEY)",
                known.join(", "),
                default_provider.to_uppercase()
            )));
        }
        // A new database is filled with these, so a wrong one must not get that far.
        file.caps.iter().flatten().try_for_each(compile::check_cap)?;
        let database_url = environment
            .database()
            .or_else(|| file.database.url.clone())
            .unwrap_or_else(|| "sqlite://weir.db".to_owned())
            .into();
        let listen = environment
            .listen()
            .unwrap_or_else(|| file.gateway.listen.clone());
        let embedding_model_file = file
            .cache
            .embedding_model_file
            .clone()
            .map(PathBuf::from)
            .or_else(|| environment.embedding_model_file());
        let redis = file.redis.combine(environment)?;
        let spool = environment
            .spool()
            .or_else(|| file.database.spool.clone().map(PathBuf::from))
            .or_else(|| environment.state_folder());
        Ok(Config {
            redis,
            spool,
            embedding_model_file,
            file,
            providers,
            default_provider,
            database_url,
            listen,
        })
    }

    /// The store that is configured.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for databases that Weir does not know.
    pub fn database(&self) -> Result<Database, ConfigError> {
        self.database_url.database()
    }
}

/// Adds the provider that `[embedder]` brings along, and checks the one that it names.
fn add_embedder(file: &FileConfig, providers: &mut Vec<ProviderConfig>) -> Result<(), String> {
    let Some(section) = &file.embedder else {
        return Ok(());
    };
    if let Some(own) = section.provider()? {
        if providers.iter().any(|known| known.name == own.name) {
            return Err(format!(
                "embedder.base_url: the provider \"{}\" is configured already; leave base_url out to use it, or give the embedder's another name",
                own.name
            ));
        }
        providers.push(own);
    }
    let named = providers.iter().find(|known| known.name == section.provider);
    match named.map(|provider| provider.protocol) {
        Some(ProviderProtocol::Anthropic) => Err(format!(
            "embedder.provider: \"{}\" speaks Anthropic's protocol, which has no embeddings",
            section.provider
        )),
        // One that is added in the window later is looked for at each start.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_environment_alone_is_enough() {
        let environment = environment(&[
            ("WEIR_DATABASE", "sqlite:///tmp/x.db"),
            ("WEIR_LISTEN", "127.0.0.1:9999"),
            ("WEIR_PROVIDER", "anthropic"),
            ("ANTHROPIC_API_KEY", "secret"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:1234/v1"),
        ]);
        let config = Config::combine(FileConfig::default(), &environment).expect("complete");
        assert_eq!(config.default_provider, "anthropic");
        assert_eq!(config.listen, "127.0.0.1:9999");
        let anthropic = config
            .providers
            .iter()
            .find(|provider| provider.name == "anthropic")
            .expect("from its key");
        assert_eq!(anthropic.base_url, "http://127.0.0.1:1234/v1");
        assert_eq!(anthropic.key, KeySource::Env("ANTHROPIC_API_KEY".into()));
        assert!(
            !format!("{config:?}").contains("secret"),
            "keys are named, never held"
        );
    }

    #[test]
    fn without_any_key_the_simulated_provider_answers() {
        let config = Config::combine(FileConfig::default(), &environment(&[])).expect("complete");
        assert_eq!(config.default_provider, "simulated");
    }

    #[test]
    fn unknown_keys_are_refused_in_words() {
        let problem = FileConfig::parse("[gateway]\nlistne = \"x\"").expect_err("unknown key");
        assert!(
            problem.contains("listne") && problem.contains("listen"),
            "{problem}"
        );
    }

    #[test]
    fn a_cap_that_could_never_be_counted_is_refused_before_it_is_written() {
        let text = |zone: &str, limit: i64| {
            format!(
                "[[caps]]\nname = \"daily\"\nscope = {{ kind = \"global\" }}\nperiod = \"day\"\ntime_zone = \"{zone}\"\nlimit_nanousd = {limit}\naction = \"refuse\"\nalert_percent = 80\nenabled = true"
            )
        };
        let combined = |zone: &str, limit: i64| {
            let file = FileConfig::parse(&text(zone, limit)).expect("well formed");
            Config::combine(file, &environment(&[])).map_err(|problem| problem.to_string())
        };
        assert!(combined("Europe/Berlin", 1).is_ok());
        let problem = combined("Europe/Berlinn", 1).expect_err("no such zone");
        assert!(
            problem.contains("daily") && problem.contains("Europe/Berlinn"),
            "{problem}"
        );
        assert!(combined("UTC", -1).expect_err("negative").contains("negative"));
    }

    #[test]
    fn the_example_is_a_valid_configuration() {
        let file = FileConfig::parse(EXAMPLE).expect("the example must parse");
        Config::combine(file, &environment(&[])).expect("and be complete");
    }
}
