//! Stands in for a running engine where there is none: scripts that work on a stopped database.

use crate::{LimitActivity, Live};
use async_trait::async_trait;
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::providers::ProviderTest,
    model::{
        cache::CacheSelector,
        catalog::{IntentState, ProviderState, TierState},
        limit::Limit,
    },
};

/// No engine runs in this process. What it alone would know is empty; what it alone could do fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline;

/// The error of everything that needs a running engine.
pub(crate) fn not_running(what: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        format!(
            "{what} needs a running gateway, and none runs in this process; start Weir or `weir-gateway serve` and ask there"
        ),
    )
}

#[async_trait]
impl Live for Offline {
    fn is_running(&self) -> bool {
        false
    }
    fn providers(&self) -> Vec<ProviderState> {
        Vec::new()
    }
    async fn test_provider(&self, _name: &str) -> Result<ProviderTest, ApiError> {
        Err(not_running("Testing a provider"))
    }
    fn tiers(&self) -> Vec<TierState> {
        Vec::new()
    }
    fn intents(&self) -> Vec<IntentState> {
        Vec::new()
    }
    fn default_provider(&self) -> String {
        String::new()
    }
    async fn limit_activity(&self, _limit: &Limit) -> Result<LimitActivity, ApiError> {
        Ok(LimitActivity::default())
    }
    fn memory_cache(&self) -> (i64, i64) {
        (0, 0)
    }
    async fn forget_cached(&self, _selector: &CacheSelector) {}
    async fn reload(&self) -> Result<(), ApiError> {
        Ok(())
    }
    fn held(&self, _cap: &str, _period_start_ms: i64) -> Option<NanoUsd> {
        None
    }
}
