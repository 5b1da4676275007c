//! The configuration that runs: compiled, checked, replaced whole. Where it comes from is the gateway's business.

use crate::{intent::IntentDetector, price::table::PriceBook, provider::Provider};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use weir_contract::model::{
    cap::Cap,
    catalog::{ProviderConfig, ProviderProtocol},
    limit::Limit,
    rollout::Rollout,
    semantic::SemanticRule,
    tier::Tier,
};

/// A provider that can be called.
#[derive(Clone)]
pub struct RunningProvider {
    pub config: ProviderConfig,
    pub adapter: Arc<dyn Provider>,
    /// False when its key cannot be read now; `auto` passes over it.
    pub key_present: bool,
    /// Version of its configuration item; 0 when it comes from the file or the environment.
    pub version: i64,
}

impl RunningProvider {
    /// True for the built-in provider with play money.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.config.protocol == ProviderProtocol::Simulated
    }
}

/// A model at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    pub provider: String,
    pub model: String,
}

impl ModelRef {
    /// Reads `provider/model`; the model's own name may hold slashes.
    #[must_use]
    pub fn parse(text: &str) -> Option<ModelRef> {
        let (provider, model) = text.split_once('/')?;
        let filled = !provider.is_empty() && !model.is_empty();
        filled.then(|| ModelRef {
            provider: provider.to_owned(),
            model: model.to_owned(),
        })
    }
}

impl std::fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.model)
    }
}

/// What a model can do, where the operator said so. What is not said is taken from the price table (context length) or
/// assumed to work (the provider refuses what it cannot do, and the next model is tried).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelAbilities {
    pub context_tokens: Option<u64>,
    pub max_output_tokens: Option<u32>,
    pub tools: Option<bool>,
    pub images: Option<bool>,
    pub structured_output: Option<bool>,
}

/// How long to wait for providers.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub first_byte: Duration,
    pub idle: Duration,
    /// How long a stream is read on for its usage after the client has left.
    pub read_on: Duration,
}

/// Everything that an engine needs to serve.
pub struct Settings {
    /// Number of the newest configuration change in here.
    pub version: i64,
    /// Number of the newest cache clear; when it rises, memory is emptied.
    pub cache_cleared: i64,
    /// Version of the application in front of Weir; changing it empties the cache.
    pub app_version: String,
    pub providers: BTreeMap<String, RunningProvider>,
    pub default_provider: String,
    /// The ladder, T0 first; models in the order they are tried.
    pub tiers: [Vec<ModelRef>; 4],
    pub abilities: BTreeMap<ModelRef, ModelAbilities>,
    /// What `auto` means for embeddings.
    pub embedding_model: Option<ModelRef>,
    pub intents: Arc<IntentDetector>,
    pub caps: Vec<Cap>,
    pub limits: Vec<Limit>,
    pub rollouts: Vec<Rollout>,
    /// Rules of the semantic cache, by intent; `*` holds for the others.
    pub semantic: Vec<SemanticRule>,
    pub prices: Arc<PriceBook>,
    pub timeouts: Timeouts,
    /// Keep request and answer bodies in the database.
    pub keep_bodies: bool,
}

impl Settings {
    /// The models of one tier.
    #[must_use]
    pub fn tier(&self, tier: Tier) -> &[ModelRef] {
        &self.tiers[tier as usize]
    }
    /// The tier a model stands on, the lowest if it stands on several.
    #[must_use]
    pub fn tier_of(&self, model: &ModelRef) -> Option<Tier> {
        Tier::ALL
            .into_iter()
            .find(|tier| self.tier(*tier).contains(model))
    }
    /// The highest tier that holds a model.
    #[must_use]
    pub fn top_tier(&self) -> Option<Tier> {
        Tier::ALL
            .into_iter()
            .rev()
            .find(|tier| !self.tier(*tier).is_empty())
    }
    /// The next lower tier that holds a model.
    #[must_use]
    pub fn tier_below(&self, tier: Tier) -> Option<Tier> {
        Tier::ALL
            .into_iter()
            .rev()
            .find(|lower| *lower < tier && !self.tier(*lower).is_empty())
    }
    /// The semantic cache's rule for an intent.
    #[must_use]
    pub fn semantic_rule(&self, intent: &str) -> SemanticRule {
        let named = |name: &str| self.semantic.iter().find(|rule| rule.intent == name);
        named(intent)
            .or_else(|| named(SemanticRule::ANY))
            .cloned()
            .unwrap_or_else(|| SemanticRule::usual(intent))
    }
    /// What the operator said of a model.
    #[must_use]
    pub fn abilities_of(&self, model: &ModelRef) -> ModelAbilities {
        self.abilities.get(model).copied().unwrap_or_default()
    }
    /// The model a client means by its name: `provider/model`, a model on the ladder, or one of the default provider's.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<ModelRef> {
        if let Some(named) = ModelRef::parse(name)
            && self.providers.contains_key(&named.provider)
        {
            return Some(named);
        }
        let on_ladder = self
            .tiers
            .iter()
            .flatten()
            .find(|candidate| candidate.model == name);
        on_ladder.cloned().or_else(|| {
            let default = self.providers.contains_key(&self.default_provider) && !name.is_empty();
            default.then(|| ModelRef {
                provider: self.default_provider.clone(),
                model: name.to_owned(),
            })
        })
    }
}

/// Settings with nothing in them, for tests to fill.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn bare_settings() -> Settings {
    use std::sync::LazyLock;
    static PARTS: LazyLock<(Arc<IntentDetector>, Arc<PriceBook>)> = LazyLock::new(|| {
        let intents = IntentDetector::compile(crate::intent::default_rules()).unwrap();
        (Arc::new(intents), Arc::new(PriceBook::new(&[]).unwrap()))
    });
    Settings {
        version: 1,
        cache_cleared: 0,
        app_version: String::new(),
        providers: BTreeMap::new(),
        default_provider: String::new(),
        tiers: [const { Vec::new() }; 4],
        abilities: BTreeMap::new(),
        embedding_model: None,
        intents: PARTS.0.clone(),
        caps: Vec::new(),
        limits: Vec::new(),
        semantic: Vec::new(),
        rollouts: Vec::new(),
        prices: PARTS.1.clone(),
        timeouts: Timeouts {
            first_byte: Duration::from_secs(5),
            idle: Duration::from_secs(5),
            read_on: Duration::from_secs(1),
        },
        keep_bodies: false,
    }
}
