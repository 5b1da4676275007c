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
    /// Entries made from a source, as `x-weir-source` named it.
    Source(String),
    /// Entries made for a user's call.
    User(String),
}

impl CacheSelector {
    /// Its kind and value, as stores keep it. `All` has an empty value.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            CacheSelector::All => ("all", ""),
            CacheSelector::Entry(key) => ("entry", key),
            CacheSelector::Intent(intent) => ("intent", intent),
            CacheSelector::Model(model) => ("model", model),
            CacheSelector::Prefix(prefix) => ("prefix", prefix),
            CacheSelector::Source(source) => ("source", source),
            CacheSelector::User(user) => ("user", user),
        }
    }

    /// The same without the value of sources and users: memory forgets all of those, and it may name a person.
    #[must_use]
    pub fn forgotten(&self) -> (&'static str, &str) {
        match self {
            CacheSelector::Source(_) => ("source", ""),
            CacheSelector::User(_) => ("user", ""),
            other => other.parts(),
        }
    }

    /// Reads what [`CacheSelector::parts`] writes.
    #[must_use]
    pub fn from_parts(kind: &str, value: String) -> Option<CacheSelector> {
        Some(match kind {
            "all" => CacheSelector::All,
            "entry" => CacheSelector::Entry(value),
            "intent" => CacheSelector::Intent(value),
            "model" => CacheSelector::Model(value),
            "prefix" => CacheSelector::Prefix(value),
            "source" => CacheSelector::Source(value),
            "user" => CacheSelector::User(value),
            _ => return None,
        })
    }

    /// What it means, for people: `the answers of intent "faq"`.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            CacheSelector::All => "every cached answer".to_owned(),
            CacheSelector::Entry(key) => format!("the entry {}", key.chars().take(12).collect::<String>()),
            CacheSelector::Intent(intent) => format!("the answers of intent \"{intent}\""),
            CacheSelector::Model(model) => format!("the answers of model \"{model}\""),
            CacheSelector::Prefix(prefix) => format!("the entries whose label starts with \"{prefix}\""),
            CacheSelector::Source(source) => format!("the answers made from source \"{source}\""),
            CacheSelector::User(user) => format!("the answers made for user \"{user}\""),
        }
    }

    /// True when it means this entry. The stores' queries say the same, but for sources and users, which only the stores
    /// know: those may mean any entry, so memory lets go of all and reads again what is left.
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
            CacheSelector::Source(_) | CacheSelector::User(_) => true,
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
    /// Items of searchable collections that go by the same source or user.
    #[serde(default)]
    pub collection_items: i64,
}

/// What a clear has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearState {
    /// Nobody is served what was cleared; it can be undone.
    Cleared,
    /// What was neither replaced nor expired is served again.
    Undone,
    /// It cannot be undone any more: the rows are removed.
    Purged,
}

/// What a clear took out of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheCleared {
    /// Number of the clear.
    pub id: i64,
    pub entries: i64,
    pub bytes: i64,
    /// What these entries had saved.
    pub saved_nanousd: NanoUsd,
    /// Items of searchable collections that went by the same source or user; no undo brings them back.
    #[serde(default)]
    pub collection_items: i64,
    /// Until when it can be undone; none for a purge.
    pub undo_until_ms: Option<i64>,
}

/// One clear, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheClearRow {
    /// Rises with every clear, undo and purge.
    pub id: i64,
    /// What was cleared, in words, with people made unusable.
    pub what: String,
    /// `window:ana`, `gateway:key:abc`.
    pub who: String,
    pub at_ms: i64,
    pub entries: i64,
    pub bytes: i64,
    pub saved_nanousd: NanoUsd,
    /// Items of searchable collections that were deleted with it for good.
    #[serde(default)]
    pub collection_items: i64,
    pub state: ClearState,
    /// When it was undone or purged.
    pub ended_ms: Option<i64>,
    /// Until when it can be undone.
    pub undo_until_ms: i64,
    /// Gateways that have followed the clear, and its undo where there was one.
    pub confirmed: i64,
    /// Gateways that live.
    pub gateways: i64,
    /// Addresses of those that have not followed it yet.
    pub waiting: Vec<String>,
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
    fn a_selector_comes_back_from_its_parts() {
        let text = str::to_owned;
        for selector in [
            CacheSelector::All,
            CacheSelector::Entry(text("k")),
            CacheSelector::Intent(String::new()),
            CacheSelector::Model(text("a/b")),
            CacheSelector::Prefix(text("p")),
            CacheSelector::Source(text("s")),
            CacheSelector::User(text("u")),
        ] {
            let (kind, value) = selector.parts();
            assert_eq!(
                CacheSelector::from_parts(kind, value.to_owned()),
                Some(selector.clone())
            );
            assert_eq!(selector.forgotten().0, kind);
        }
        assert_eq!(CacheSelector::User(text("ana")).forgotten().1, "");
        assert_eq!(CacheSelector::from_parts("everything", String::new()), None);
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
