//! The response cache as an admin sees it.

use super::tier::Tier;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// Which entries an operation means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum CacheSelector {
    All,
    /// One entry, by its key.
    Entry(String),
    Intent(String),
    Model(String),
    /// Entries whose label starts with this text.
    Prefix(String),
}

/// What a clear would remove, or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CacheExtent {
    pub entries: i64,
    pub bytes: i64,
    /// What these entries have saved so far.
    pub saved_nanousd: NanoUsd,
}

/// One cached answer, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntryRow {
    /// SHA-256 of everything that may change the answer, in hex.
    pub key: String,
    /// Readable name: the filled intent key, or the start of the last user message.
    pub label: String,
    pub intent: String,
    pub provider: String,
    pub model: String,
    pub tier: Option<Tier>,
    pub team: String,
    pub created_ms: i64,
    pub expires_ms: i64,
    pub last_hit_ms: Option<i64>,
    pub hits: i64,
    pub bytes: i64,
    /// What the answer cost when it was bought; each hit saves this.
    pub cost_nanousd: NanoUsd,
}

/// A verdict on a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Good,
    Ok,
    Review,
    /// Too few requests to say.
    TooFew,
}

/// Hit rate of one intent with its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentCacheStats {
    pub intent: String,
    pub hits: i64,
    pub misses: i64,
    pub bypassed: i64,
    pub saved_nanousd: NanoUsd,
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
}

/// The cache as a whole. `hits / (hits + misses)` is the hit rate; bypassed requests never asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheStats {
    pub stored: CacheExtent,
    pub memory_entries: i64,
    pub memory_bytes: i64,
    pub hits: i64,
    pub misses: i64,
    pub bypassed: i64,
    pub saved_nanousd: NanoUsd,
    pub verdict: Verdict,
    pub reason: String,
    pub intents: Vec<IntentCacheStats>,
}
