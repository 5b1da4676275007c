//! What the engine asks of looking the ledger over: corrections, kept checks, providers' bills, and what was learned of
//! how much calls use.

use super::StoreError;
use crate::budget::learned_ratio::RatioCount;
use crate::change::Act;
use async_trait::async_trait;
use weir_contract::{
    NanoUsd,
    model::{
        ledger::{Bill, BilledModel, LedgerCheck, MovedBalance},
        time::TimeRange,
    },
};

/// What a request truly cost, said by somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionRequest {
    pub request_id: String,
    /// The cost that was read.
    pub expected_nanousd: NanoUsd,
    pub true_nanousd: NanoUsd,
}

/// What came of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionOutcome {
    /// Every cap and period that moved.
    Corrected(Vec<MovedBalance>),
    NoSuchRequest,
    /// It cost something else by now.
    CostIs(NanoUsd),
    /// The provider said what was used, so there is nothing to correct.
    NotUnsettled,
    /// The attempts whose usage is known cost more than that by themselves.
    SettledAlone(NanoUsd),
}

/// Our own sum of one model at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoughtModel {
    pub model: String,
    /// Requests that were bought.
    pub requests: i64,
    pub cost_nanousd: NanoUsd,
    pub unsettled_nanousd: NanoUsd,
}

/// Corrections, the results of checks, and providers' bills beside our own sums.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds a correction to the ledger, with the act's reason, and moves balances, request and rollups with it, in one synced transaction. The
    /// difference goes to the unsettled charges in proportion to their amounts.
    async fn correct_request(
        &self,
        correction: CorrectionRequest,
        act: &Act,
    ) -> Result<CorrectionOutcome, StoreError>;
    /// Keeps the result of a check, and forgets those older than 30 days.
    async fn save_ledger_check(&self, check: &LedgerCheck) -> Result<(), StoreError>;
    /// The newest result that was kept.
    async fn last_ledger_check(&self) -> Result<Option<LedgerCheck>, StoreError>;
    /// Keeps a bill with all its models, or nothing of it.
    async fn insert_bill(&self, bill: &Bill, models: &[BilledModel], act: &Act) -> Result<(), StoreError>;
    /// Newest first.
    async fn list_bills(&self) -> Result<Vec<Bill>, StoreError>;
    async fn get_bill(&self, id: &str) -> Result<Option<(Bill, Vec<BilledModel>)>, StoreError>;
    /// What the recorded requests of a provider that began in the range cost, by model.
    async fn bought_models(&self, provider: &str, range: TimeRange) -> Result<Vec<BoughtModel>, StoreError>;
    /// When the oldest request that is still kept began.
    async fn oldest_request_ms(&self) -> Result<Option<i64>, StoreError>;
}

/// What was learned of how much calls use ([`crate::budget::learned_ratio`]).
#[async_trait]
pub trait RatioStore: Send + Sync {
    /// Adds to what is there. Generations that no longer count are removed.
    async fn add_ratio_counts(&self, counts: Vec<RatioCount>) -> Result<(), StoreError>;
    async fn ratio_counts(&self) -> Result<Vec<RatioCount>, StoreError>;
}
