//! Counters since the start of this process, for `/metrics` and `/v1/cache/stats`. Money on dashboards comes from the
//! database; these start again at zero with the process.

use super::by_model::ByModel;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use weir_contract::model::request::{CacheOutcome, RequestRow, RequestStatus};

/// Upper bounds of the latency histograms, in seconds.
pub const SECONDS_BOUNDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// A histogram in the form Prometheus reads.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; 14],
    count: AtomicU64,
    sum_us: AtomicI64,
}

impl Histogram {
    /// Counts one measurement, in microseconds.
    pub(super) fn observe(&self, us: i64) {
        let seconds = us as f64 / 1e6;
        for (bound, bucket) in SECONDS_BOUNDS.iter().zip(&self.buckets) {
            if seconds <= *bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
    /// Cumulative counts by bound, the count of all, and their sum in seconds.
    #[must_use]
    pub fn read(&self) -> (Vec<(f64, u64)>, u64, f64) {
        let buckets = SECONDS_BOUNDS
            .iter()
            .zip(&self.buckets)
            .map(|(bound, n)| (*bound, n.load(Ordering::Relaxed)))
            .collect();
        (
            buckets,
            self.count.load(Ordering::Relaxed),
            self.sum_us.load(Ordering::Relaxed) as f64 / 1e6,
        )
    }
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct ProcessCounters {
    pub requests: [AtomicU64; 5],
    pub cache: [AtomicU64; 4],
    pub cost_nanousd: AtomicI64,
    pub saved_nanousd: AtomicI64,
    pub upstream_attempts: AtomicU64,
    pub store_failures: AtomicU64,
    /// Searches of collections that were answered by kept results, and those that were not.
    pub search_hits: AtomicU64,
    pub search_misses: AtomicU64,
    pub total: Histogram,
    /// Total less the time spent waiting for providers.
    pub overhead: Histogram,
    pub by_model: ByModel,
}

impl ProcessCounters {
    /// Counts one finished request.
    pub fn count(&self, row: &RequestRow) {
        let status = RequestStatus::ALL
            .iter()
            .position(|status| *status == row.status)
            .unwrap_or(0);
        self.requests[status].fetch_add(1, Ordering::Relaxed);
        let cache = match row.cache {
            CacheOutcome::Response => 0,
            CacheOutcome::Semantic => 1,
            CacheOutcome::Miss => 2,
            CacheOutcome::Bypass => 3,
        };
        self.cache[cache].fetch_add(1, Ordering::Relaxed);
        self.cost_nanousd.fetch_add(row.cost_nanousd.0, Ordering::Relaxed);
        self.saved_nanousd
            .fetch_add(row.saved_nanousd.0, Ordering::Relaxed);
        self.upstream_attempts
            .fetch_add(u64::from(row.attempts), Ordering::Relaxed);
        self.by_model.count(row);
        self.total.observe(row.duration_us);
        self.overhead.observe((row.duration_us - row.upstream_us).max(0));
    }
}
