//! What only a running engine knows. The gateway implements it.

use async_trait::async_trait;
use weir_contract::{
    ApiError, NanoUsd,
    command::providers::ProviderTest,
    model::{
        alert::{AlertChannel, AlertEvent, ChannelTest},
        cache::CacheSelector,
        catalog::{IntentState, KeySource, ProviderState, TierState},
        limit::Limit,
        semantic::SemanticPair,
    },
};
use weir_engine::alert::disk_low::DiskSpace;

/// What a limit does at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitActivity {
    /// Callers with at least one request in the window now.
    pub active_callers: u32,
    /// The fullest caller now and its count, in the limit's own unit.
    pub busiest: Option<(String, i64)>,
    /// Refusals since the gateway started.
    pub refused: u64,
    /// What it would have refused in shadow mode.
    pub would_refuse: u64,
}

/// The running engine, as the operations see it.
#[async_trait]
pub trait Live: Send + Sync {
    /// False where no engine runs, so that nobody takes an empty answer for the truth.
    fn is_running(&self) -> bool {
        true
    }
    /// All providers, of file and database, with breakers and key status.
    fn providers(&self) -> Vec<ProviderState>;
    /// Asks a provider for its models.
    ///
    /// # Errors
    /// Unknown to the engine, or no engine runs. A provider that fails is no error but a reply with `ok` false.
    async fn test_provider(&self, name: &str) -> Result<ProviderTest, ApiError>;
    /// The ladder.
    fn tiers(&self) -> Vec<TierState>;
    /// The intents.
    fn intents(&self) -> Vec<IntentState>;
    /// Name of the default provider; empty when there is none.
    fn default_provider(&self) -> String;
    /// What this limit does now, over all gateways; all zero when it is unknown.
    ///
    /// # Errors
    /// Failures of the database.
    async fn limit_activity(&self, limit: &Limit) -> Result<LimitActivity, ApiError>;
    /// Entries and bytes of the cache in memory.
    fn memory_cache(&self) -> (i64, i64);
    /// Empties the cache in memory of these entries, after they went from the database.
    async fn forget_cached(&self, selector: &CacheSelector);
    /// The embedder's name or why there is none, and questions and bytes of the semantic cache in memory.
    fn semantic(&self) -> (Result<String, String>, i64, i64) {
        (Err("no engine runs in this process".to_owned()), 0, 0)
    }
    /// What went wrong with the embedder last, while it goes wrong.
    fn embedder_problem(&self) -> Option<String> {
        None
    }
    /// Takes a person's word on a semantic hit.
    ///
    /// # Errors
    /// No such hit, failures of the database, or no engine runs.
    async fn semantic_feedback(
        &self,
        _request_id: &str,
        _same: bool,
        _who: &str,
    ) -> Result<SemanticPair, ApiError> {
        Err(crate::offline::not_running("Judging a hit"))
    }
    /// Applies the newest configuration now.
    ///
    /// # Errors
    /// The configuration cannot be read or does not fit; the one before keeps running.
    async fn reload(&self) -> Result<(), ApiError>;
    /// Money of a cap that is held in memory for calls under way; none when the engine does not count this period.
    fn held(&self, cap: &str, period_start_ms: i64) -> Option<NanoUsd>;
    /// How full the database's disk is; none where that is not known.
    fn disk(&self) -> Option<DiskSpace> {
        None
    }
    /// The last four characters of a secret, or fewer of a short one; none when it cannot be read here.
    fn secret_ending(&self, _source: &KeySource) -> Option<String> {
        None
    }
    /// Sends this to a channel, once.
    ///
    /// # Errors
    /// No engine runs. A channel that fails is no error but a reply with `ok` false.
    async fn test_channel(
        &self,
        _channel: &AlertChannel,
        _event: &AlertEvent,
    ) -> Result<ChannelTest, ApiError> {
        Err(crate::offline::not_running("Testing a channel"))
    }
}
