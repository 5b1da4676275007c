//! Providers, tiers and intents.
use super::command;
use crate::model::catalog::{IntentState, ProviderConfig, ProviderState, TierState};
use serde::{Deserialize, Serialize};

/// The outcome of one cheap call to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderTest {
    pub ok: bool,
    /// What the provider said, or what failed and what to do.
    pub message: String,
    pub latency_ms: i64,
    /// Some of the models it offers.
    pub models: Vec<String>,
}

command! {
    /// All providers with key status and breakers.
    ProvidersList = "providers.list" {} -> Vec<ProviderState>
}
command! {
    /// Creates a provider (version 0) or replaces the version named. Changing the base URL unbinds the stored key.
    ProvidersSave = "providers.save" { provider: ProviderConfig, expected_version: i64 } -> ProviderState
}
command! {
    /// Asks the provider for its list of models; costs nothing.
    ProvidersTest = "providers.test" { name: String } -> ProviderTest
}
command! {
    /// Makes this provider the one that `auto` and bare model names use.
    ProvidersSetDefault = "providers.set_default" { name: String } -> ()
}
command! {
    /// The ladder.
    TiersList = "tiers.list" {} -> Vec<TierState>
}
command! {
    /// The intents.
    IntentsList = "intents.list" {} -> Vec<IntentState>
}
