//! Virtual keys: what a client presents, what it may do with it, and until when. Only a hash of the secret is kept.

use super::tier::Tier;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// A part of the gateway that a key may be kept to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEndpoint {
    ChatCompletions,
    Messages,
    Embeddings,
    /// The free reads: models, providers, how the cache does.
    Listings,
}

impl KeyEndpoint {
    /// All of them.
    pub const ALL: [KeyEndpoint; 4] = [
        KeyEndpoint::ChatCompletions,
        KeyEndpoint::Messages,
        KeyEndpoint::Embeddings,
        KeyEndpoint::Listings,
    ];
    /// `chat_completions`, `messages`, `embeddings`, `listings`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["chat_completions", "messages", "embeddings", "listings"][self as usize]
    }
    /// Reads what [`KeyEndpoint::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<KeyEndpoint> {
        KeyEndpoint::ALL
            .into_iter()
            .find(|endpoint| endpoint.as_str() == text)
    }
}

/// What a key may be used for. An empty list does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyScopes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<KeyEndpoint>,
    /// `provider/model`, or a model's name alone, of whatever provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<String>,
}

impl KeyScopes {
    /// True when the key may do everything.
    #[must_use]
    pub fn are_open(&self) -> bool {
        *self == KeyScopes::default()
    }
}

/// A key's own limit: at most so many calls in any window of so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLimit {
    pub max_requests: u32,
    pub window_seconds: u32,
}

/// The secret before the last rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    pub last_four: String,
    pub fingerprint: String,
    /// Refused from then on.
    pub until_ms: i64,
}

/// A virtual key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VirtualKey {
    /// The public part, safe in logs.
    pub id: String,
    /// Rises with every change of what an admin writes of it.
    #[serde(default)]
    pub version: i64,
    pub name: String,
    /// The person or service that answers for it; empty when nobody was named.
    #[serde(default)]
    pub owner: String,
    /// The team whose cached answers it shares; empty means its own.
    pub team: String,
    #[serde(default)]
    pub scopes: KeyScopes,
    /// Refused from then on; none never expires.
    #[serde(default)]
    pub expires_ms: Option<i64>,
    #[serde(default)]
    pub limit: Option<KeyLimit>,
    /// Last four characters of the secret, to recognise it by.
    pub last_four: String,
    /// The first eight hexadecimal digits of the SHA-256 of the stored hash. It tells secrets apart without saying
    /// anything of them, and is not a prefix of what the database keeps.
    #[serde(default)]
    pub fingerprint: String,
    /// The secret before, while it still works or since it stopped.
    #[serde(default)]
    pub previous: Option<PreviousSecret>,
    pub created_ms: i64,
    pub revoked_ms: Option<i64>,
    pub last_used_ms: Option<i64>,
}

/// A cap on one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCapState {
    /// The cap's name.
    pub name: String,
    pub limit_nanousd: NanoUsd,
    pub spent_nanousd: NanoUsd,
    pub reserved_nanousd: NanoUsd,
    /// False for a cap that is switched off.
    pub enabled: bool,
    /// When it resets, with date, time and zone.
    pub resets_text: String,
}

/// A key with what applies to it and what it has spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    #[serde(flatten)]
    pub key: VirtualKey,
    /// Caps on this key alone, or on every key on its own.
    pub caps: Vec<KeyCapState>,
    /// Names of the limits that count every key on its own and are switched on.
    pub limits: Vec<String>,
    /// Since the first of this month, 00:00 UTC.
    pub month_spent_nanousd: NanoUsd,
}
