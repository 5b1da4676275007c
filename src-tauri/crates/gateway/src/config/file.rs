//! The shape of `weir.toml`. `weir-gateway example-config` prints a commented one.

use super::{RedisSection, environment::usual_base_url};
use serde::Deserialize;
use std::collections::BTreeMap;
use weir_contract::{
    NanoUsd,
    model::{
        cap::Cap,
        catalog::{KeySource, ProviderConfig, ProviderProtocol},
        limit::Limit,
        rollout::Rollout,
        tier::Tier,
    },
};
use weir_engine::{intent::IntentRule, price::overrides::PriceOverride};

/// The whole file. Every part may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// The provider that `auto` and bare model names use.
    pub default_provider: Option<String>,
    /// Version of the application in front of Weir; changing it empties the response cache.
    pub app_version: String,
    /// What `auto` means for embeddings, as `provider/model`.
    pub embedding_model: Option<String>,
    pub gateway: GatewaySection,
    pub database: DatabaseSection,
    pub redis: RedisSection,
    pub providers: BTreeMap<String, ProviderSection>,
    /// `T0 = ["openai/gpt-5-nano"]` and so on; models in the order they are tried.
    pub tiers: BTreeMap<String, Vec<String>>,
    /// What models can do, by `provider/model`.
    pub models: BTreeMap<String, ModelFacts>,
    /// Replace the built-in intents when there is at least one.
    pub intents: Vec<IntentRule>,
    pub prices: Vec<PriceOverride>,
    pub cache: CacheSection,
    /// A provider's embedder in place of the local model.
    pub embedder: Option<EmbedderSection>,
    pub judge: JudgeSection,
    pub recording: RecordingSection,
    pub timeouts: TimeoutSection,
    pub traces: TracesSection,
    /// Starting values, written to a new database; afterwards the window or `weir-gateway admin` changes them.
    pub caps: Option<Vec<Cap>>,
    pub limits: Option<Vec<Limit>>,
    pub rollouts: Vec<Rollout>,
}

/// Where the gateway listens and whom it believes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySection {
    pub listen: String,
    /// Needed to listen anywhere but on loopback. TLS is then the business of what stands in front.
    pub allow_remote: bool,
    /// Further values of the `Host` header that are accepted, such as `weir.example.com`.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may call, such as `https://app.example.com`; none by default.
    pub allowed_origins: Vec<String>,
    pub max_body_bytes: usize,
    pub max_connections: usize,
}

impl Default for GatewaySection {
    fn default() -> GatewaySection {
        GatewaySection {
            listen: "127.0.0.1:8787".to_owned(),
            allow_remote: false,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_body_bytes: 20 * 1024 * 1024,
            max_connections: 1_024,
        }
    }
}

/// Where data lives.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// `sqlite:///absolute/path/weir.db`, or `postgres://user@host/database?sslmode=verify-full&sslrootcert=/path`.
    pub url: Option<String>,
    /// A folder on this machine for what cannot be recorded while a shared database is away.
    pub spool: Option<String>,
    /// Most bytes that one gateway may leave there.
    pub spool_bytes: Option<u64>,
}

/// One provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSection {
    pub protocol: ProviderProtocol,
    pub base_url: Option<String>,
    /// Name of the environment variable that holds its key. The key itself never stands in the file.
    pub key_env: Option<String>,
}

impl ProviderSection {
    /// The provider under its name.
    ///
    /// # Errors
    /// When the base URL is missing and the protocol has no usual one.
    pub fn to_provider(&self, name: &str) -> Result<ProviderConfig, String> {
        let base_url = match (&self.base_url, self.protocol) {
            (Some(url), _) => url.clone(),
            (None, ProviderProtocol::Simulated) => String::new(),
            (None, protocol) => usual_base_url(protocol)
                .ok_or_else(|| format!("provider \"{name}\" needs a base_url"))?
                .to_owned(),
        };
        let key = self.key_env.clone().map_or(KeySource::None, KeySource::Env);
        Ok(ProviderConfig {
            name: name.to_owned(),
            protocol: self.protocol,
            base_url,
            key,
        })
    }
}

/// What the operator knows of a model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelFacts {
    pub context_tokens: Option<u64>,
    pub max_output_tokens: Option<u32>,
    pub tools: Option<bool>,
    pub images: Option<bool>,
    pub structured_output: Option<bool>,
}

/// The response cache.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSection {
    /// Memory for answers in front of the database.
    pub memory_bytes: u64,
    /// The semantic cache's model; without it, the user's cache folder, where `cargo xtask setup` puts it.
    pub embedding_model_file: Option<String>,
}

impl Default for CacheSection {
    fn default() -> CacheSection {
        CacheSection {
            memory_bytes: 64 * 1024 * 1024,
            embedding_model_file: None,
        }
    }
}

/// Whether the cheapest model is asked if two answers agree, where nothing cheaper can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeSection {
    /// The most that this may cost in a UTC day, over all gateways, in nano-dollars; 0 asks nobody.
    pub daily_nanousd: i64,
}

/// What makes the vectors of the semantic cache and of searches, when it is not the local model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderSection {
    /// A name in `[providers]`; or a new one, when `base_url` says where it is.
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    pub base_url: Option<String>,
    /// Of `base_url`: what is spoken there, `openai` when nothing is said.
    pub protocol: Option<ProviderProtocol>,
    /// Of `base_url`: name of the environment variable that holds its key.
    pub key_env: Option<String>,
    /// Asks for vectors of so many dimensions; without it they are as long as the model makes them.
    pub dims: Option<u32>,
    /// How long one call may take.
    #[serde(default = "usual_embedder_timeout")]
    pub timeout_seconds: u64,
}

const fn usual_embedder_timeout() -> u64 {
    10
}

impl EmbedderSection {
    /// The provider that this section brings along, if it does.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn provider(&self) -> Result<Option<ProviderConfig>, String> {
        if self.provider.is_empty() || self.model.is_empty() {
            return Err("[embedder] needs a provider and a model".to_owned());
        }
        if self.dims == Some(0) || self.dims.is_some_and(|dims| dims > 8_192) {
            return Err("embedder.dims must be 1 to 8192; leave it out for the model's own".to_owned());
        }
        if !(1..=300).contains(&self.timeout_seconds) {
            return Err("embedder.timeout_seconds must be 1 to 300".to_owned());
        }
        let Some(base_url) = &self.base_url else {
            if self.protocol.is_some() || self.key_env.is_some() {
                return Err(format!(
                    "embedder.protocol and embedder.key_env are for a provider of its own: say its base_url too, or leave them to [providers.{}]",
                    self.provider
                ));
            }
            return Ok(None);
        };
        Ok(Some(ProviderConfig {
            name: self.provider.clone(),
            protocol: self.protocol.unwrap_or(ProviderProtocol::Openai),
            base_url: base_url.clone(),
            key: self.key_env.clone().map_or(KeySource::None, KeySource::Env),
        }))
    }
}

/// What is kept of requests, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordingSection {
    /// Keep request and answer bodies.
    pub bodies: bool,
    pub body_days: u32,
    pub request_days: u32,
}

impl Default for RecordingSection {
    fn default() -> RecordingSection {
        RecordingSection {
            bodies: true,
            body_days: 7,
            request_days: 90,
        }
    }
}

/// Where traces are sent to, as OpenTelemetry's OTLP over HTTP with JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesSection {
    /// `http://127.0.0.1:4318/v1/traces`; without it nothing is sent.
    pub endpoint: Option<String>,
    /// Name of the environment variable with further headers: `name=value,name=value`.
    pub headers_env: Option<String>,
}

/// How long to wait for providers.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutSection {
    pub first_byte_seconds: u64,
    pub idle_seconds: u64,
    pub read_on_seconds: u64,
}

impl Default for TimeoutSection {
    fn default() -> TimeoutSection {
        TimeoutSection {
            first_byte_seconds: 120,
            idle_seconds: 30,
            read_on_seconds: 30,
        }
    }
}

impl FileConfig {
    /// Reads the file's text.
    ///
    /// # Errors
    /// The place and the known keys, in words.
    pub fn parse(text: &str) -> Result<FileConfig, String> {
        toml::from_str(text).map_err(|problem| problem.to_string())
    }

    /// The caps that a new database starts with.
    #[must_use]
    pub fn starting_caps(&self) -> Vec<Cap> {
        use weir_contract::model::cap::{CapPeriod, CapScope, CapStep};
        let daily = |name: &str, scope, usd: i64| Cap {
            name: name.to_owned(),
            scope,
            period: CapPeriod::Day,
            time_zone: "UTC".to_owned(),
            limit_nanousd: NanoUsd(usd * NanoUsd::PER_USD),
            steps: CapStep::tell_and_refuse(80),
            enabled: true,
            manner: weir_contract::model::cap::CapManner::default(),
        };
        self.caps.clone().unwrap_or_else(|| {
            vec![
                daily("global-daily", CapScope::Global, 100),
                // Refusing closes the tier: `auto` uses the tiers below it.
                daily("top-tier-daily", CapScope::tier(Tier::T3), 50),
            ]
        })
    }

    /// The limits that a new database starts with. Those on keys only count and say whom they would refuse, and the examples
    /// on users are switched off: a limit that nobody chose is an outage that nobody expects.
    #[must_use]
    pub fn starting_limits(&self) -> Vec<Limit> {
        use weir_contract::model::limit::{EndpointClass, LimitMeasure, LimitSubject};
        self.limits.clone().unwrap_or_else(|| {
            let limit = |name: &str, subject, endpoint_class, most, window_seconds| Limit {
                name: name.to_owned(),
                subject,
                measure: LimitMeasure::Requests,
                endpoint_class,
                most,
                window_seconds,
                enabled: subject == LimitSubject::Key,
                shadow: subject == LimitSubject::Key,
            };
            use EndpointClass::{Expensive, ModelCalls, Reads};
            vec![
                limit("key-model-calls", LimitSubject::Key, ModelCalls, 20, 60),
                limit("key-reads", LimitSubject::Key, Reads, 100, 60),
                limit("key-expensive", LimitSubject::Key, Expensive, 10, 60),
                limit("user-per-minute", LimitSubject::User, ModelCalls, 60, 60),
                limit("user-per-hour", LimitSubject::User, ModelCalls, 10, 3_600),
            ]
        })
    }
}
