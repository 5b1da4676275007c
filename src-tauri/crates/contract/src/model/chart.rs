//! Figures and series for the overview. Everything here is read from rollups, never from raw requests.

use super::time::TimeRange;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// Sums over a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    pub requests: i64,
    pub hits: i64,
    pub misses: i64,
    pub bypassed: i64,
    /// Failed or cut.
    pub errors: i64,
    /// Refused by a limit or a cap.
    pub refused: i64,
    pub cost_nanousd: NanoUsd,
    pub saved_nanousd: NanoUsd,
    /// Part of the cost that is an estimate.
    pub unsettled_nanousd: NanoUsd,
    /// Requests charged at an assumed price.
    pub price_unknown: i64,
    /// Requests answered by the simulated provider (their cost is play money).
    pub simulated: i64,
    pub p50_us: Option<i64>,
    pub p95_us: Option<i64>,
    pub p99_us: Option<i64>,
}

impl Totals {
    /// Hits among the requests that asked the cache, as a ratio; none when nobody asked.
    #[must_use]
    pub fn hit_rate(&self) -> Option<f64> {
        let asked = self.hits + self.misses;
        (asked > 0).then(|| self.hits as f64 / asked as f64)
    }
    /// Errors among all requests, as a ratio.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors as f64 / self.requests as f64)
    }
}

/// The overview's figures: now, and the span of equal length before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub range: TimeRange,
    pub current: Totals,
    pub previous: Totals,
    /// Things that need an admin, most urgent first.
    pub attention: Vec<Attention>,
    /// When the figures were read, UNIX milliseconds.
    pub as_of_ms: i64,
}

/// One thing that needs an admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Which page deals with it: `budgets`, `cache`, `requests`, `settings`, `limits`, `alerts`.
    pub page: String,
    pub message: String,
}

/// Which of the four charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// Dollars per bucket, one series per tier (`cache` is not a tier and costs nothing).
    Cost,
    /// Milliseconds; series `p50`, `p95`, `p99`.
    Latency,
    /// Percent per bucket, one series per intent.
    HitRate,
    /// Percent of requests in the new variant, one series per rollout.
    Rollout,
}

/// A line or band: one value per bucket; `None` where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub name: String,
    /// In the chart's unit (dollars, milliseconds, percent). For drawing; money is summed in `NanoUsd` before.
    pub values: Vec<Option<f64>>,
}

/// One chart's data. Bucket `i` covers `[from_ms + i * bucket_ms, from_ms + (i + 1) * bucket_ms)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartData {
    pub kind: ChartKind,
    pub from_ms: i64,
    pub bucket_ms: i64,
    pub buckets: usize,
    pub series: Vec<Series>,
}
