//! What the engine asks of the sums behind the charts.

use super::StoreError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use weir_contract::{NanoUsd, model::time::TimeRange};

/// Width of a rollup row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Kept 48 hours.
    Minute,
    /// Kept 400 days.
    Hour,
}

impl Grain {
    #[must_use]
    pub fn length_ms(self) -> i64 {
        match self {
            Grain::Minute => 60_000,
            Grain::Hour => 3_600_000,
        }
    }
}

/// What rollup rows are kept by. Every request counts once in each dimension (in `Variant`: once per rollout it took part in).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// One row for everything; its value is empty.
    All,
    Tier,
    Provider,
    Model,
    Intent,
    Key,
    /// `rollout=variant`.
    Variant,
    /// By hour only, as Team and Event: values come from clients.
    User,
    Team,
    Event,
}

impl Dimension {
    pub const ALL: [Dimension; 10] = [
        Dimension::All,
        Dimension::Tier,
        Dimension::Provider,
        Dimension::Model,
        Dimension::Intent,
        Dimension::Key,
        Dimension::Variant,
        Dimension::User,
        Dimension::Team,
        Dimension::Event,
    ];
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::All => "all",
            Dimension::Tier => "tier",
            Dimension::Provider => "provider",
            Dimension::Model => "model",
            Dimension::Intent => "intent",
            Dimension::Key => "key",
            Dimension::Variant => "variant",
            Dimension::User => "user",
            Dimension::Team => "team",
            Dimension::Event => "event",
        }
    }
}

/// Sums of one rollup row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    pub requests: i64,
    pub hits: i64,
    pub misses: i64,
    pub bypassed: i64,
    pub errors: i64,
    pub refused: i64,
    pub cost_nanousd: i64,
    pub saved_nanousd: i64,
    pub unsettled_nanousd: i64,
    pub price_unknown: i64,
    pub simulated: i64,
    pub input_tokens: i64,
    pub cache_read_tokens: i64,
    pub cache_write_tokens: i64,
    pub output_tokens: i64,
    pub reasoning_tokens: i64,
}

/// One value's sums in one step of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupPoint {
    /// Start of the step.
    pub at_ms: i64,
    /// The dimension's value.
    pub value: String,
    pub counters: Counters,
}

/// What one value bought in one hour, or in all hours of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HourSpend {
    /// Start of the hour.
    pub at_ms: i64,
    /// All requests, answers from the cache and refusals included.
    pub requests: i64,
    /// Those that were bought.
    pub bought: i64,
    pub cost_nanousd: i64,
}

/// One request that cost something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoughtRequest {
    pub started_ms: i64,
    pub cost_nanousd: i64,
}

/// How many requests fell into one latency bucket (`engine::metrics::bucket`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyPoint {
    /// Start of the step.
    pub at_ms: i64,
    pub bucket: i32,
    pub n: i64,
}

/// Sums kept as requests are recorded; no dashboard reads raw requests. Rows follow requests by at most a second.
#[async_trait]
pub trait RollupStore {
    /// Sums per step and value, ordered by time. `step_ms` is a multiple of the grain; steps start at `range.from_ms`. In steps
    /// of two hours and more, rows by the hour stand in for the minutes of whole hours.
    async fn rollup_series(
        &self,
        dimension: Dimension,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<RollupPoint>, StoreError>;
    /// Latency counts of answered requests per step and bucket, over everything.
    async fn latency_series(
        &self,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<LatencyPoint>, StoreError>;
    /// What one value spent in each hour in which it asked, oldest first.
    async fn value_hours(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
    ) -> Result<Vec<HourSpend>, StoreError>;
    /// The values that spent at least so much in the hours of the range, the largest first; `at_ms` is the range's start.
    async fn values_above(
        &self,
        dimension: Dimension,
        range: TimeRange,
        least: NanoUsd,
        most: u32,
    ) -> Result<Vec<(String, HourSpend)>, StoreError>;
    /// All requests together.
    async fn all_spend(&self, range: TimeRange) -> Result<HourSpend, StoreError>;
    /// The requests of one value that cost something, oldest first, from the log itself; at most `most`.
    async fn bought_requests(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
        most: u32,
    ) -> Result<Vec<BoughtRequest>, StoreError>;
    /// Folds every recorded request into the rollups now; the writer also does so by itself.
    async fn fold_rollups(&self) -> Result<(), StoreError>;
    /// Removes minute and hour rows that are past their time.
    async fn expire_rollups(&self, now_ms: i64) -> Result<u64, StoreError>;
}
