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
    /// By the model's own name at any provider, or by `provider/model` as answers show it.
    Model(String),
    /// Entries whose label starts with this text.
    Prefix(String),
}

impl CacheSelector {
    /// True when it means this entry. The stores' queries say the same.
    #[must_use]
    pub fn means(&self, row: &CacheEntryRow) -> bool {
        match self {
            CacheSelector::All => true,
            CacheSelector::Entry(key) => row.key == *key,
            CacheSelector::Intent(intent) => row.intent == *intent,
            CacheSelector::Model(name) => {
                // A provider's name has no slash, a model's may have.
                let both = Some((row.provider.as_str(), row.model.as_str()));
                row.model == *name || name.split_once('/') == both
            }
            CacheSelector::Prefix(prefix) => row.label.starts_with(prefix.as_str()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bought_from(provider: &str, model: &str) -> CacheEntryRow {
        CacheEntryRow {
            key: "0".into(),
            label: "task:car:base".into(),
            intent: "task".into(),
            provider: provider.into(),
            model: model.into(),
            tier: None,
            team: String::new(),
            created_ms: 0,
            expires_ms: 1,
            last_hit_ms: None,
            hits: 0,
            bytes: 0,
            cost_nanousd: NanoUsd::ZERO,
        }
    }

    #[test]
    fn a_model_is_meant_by_either_of_its_names() {
        let means = |name: &str, row: &CacheEntryRow| CacheSelector::Model(name.into()).means(row);
        let nano = bought_from("openai", "nano");
        assert!(means("nano", &nano) && means("openai/nano", &nano));
        for other in ["azure/nano", "openai/", "openai", "nan", "x/openai/nano"] {
            assert!(!means(other, &nano), "{other}");
        }
        let routed = bought_from("router", "meta/llama");
        assert!(means("meta/llama", &routed) && means("router/meta/llama", &routed));
        assert!(!means("llama", &routed) && !means("router/llama", &routed));
    }
}
