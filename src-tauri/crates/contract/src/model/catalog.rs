//! Providers, intents and tiers as the settings show them.

use super::tier::Tier;
use serde::{Deserialize, Serialize};

/// The wire protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderProtocol {
    /// OpenAI and everything compatible with it.
    Openai,
    Anthropic,
    Gemini,
    /// Built in: no key, no network, play money.
    Simulated,
}

/// Where a provider's key comes from. Never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum KeySource {
    /// No key is sent (a local model server, or the simulated provider).
    None,
    /// The environment variable of this name.
    Env(String),
    /// The operating system's keychain, under this entry.
    Keychain(String),
}

/// A provider as an admin writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Short name, unique: `openai`, `ollama`. The first part of `provider/model`.
    pub name: String,
    pub protocol: ProviderProtocol,
    /// With the version part where the protocol has one: `https://api.openai.com/v1`.
    pub base_url: String,
    pub key: KeySource,
}

/// Whether a provider's key can be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    NotNeeded,
    Present,
    Missing,
}

/// A breaker's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerPosition {
    Closed,
    HalfOpen,
    Open,
}

/// A provider with its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderState {
    pub config: ProviderConfig,
    pub key_status: KeyStatus,
    pub is_default: bool,
    /// True when it comes from the configuration file or environment and cannot be edited here.
    pub from_file: bool,
    pub version: i64,
    /// Model and breaker, for every model that was called.
    pub breakers: Vec<(String, BreakerPosition)>,
}

/// A tier and the models on it, in the order they are tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierState {
    pub tier: Tier,
    /// `provider/model`.
    pub models: Vec<String>,
}

/// An intent's rule as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentState {
    pub name: String,
    pub description: String,
    pub lowest_tier: Tier,
    pub highest_tier: Tier,
    /// Template of its cache key, such as `task:{object}:base`; empty for the exact text.
    pub cache_key: String,
    pub cache_ttl_seconds: u64,
}
