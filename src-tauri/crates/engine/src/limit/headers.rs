//! What an answer's rate-limit headers say, as plain values; the gateway writes them in each family's form.

use weir_contract::model::limit::LimitMeasure;

/// The tightest limit of a request among those that measure the same. Seconds are from now and rounded up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateHeaders {
    pub measure: LimitMeasure,
    /// The limit's name, for `RateLimit-Policy`.
    pub policy: String,
    pub limit: i64,
    /// What would still pass now, over all gateways as far as this one knows.
    pub remaining: i64,
    /// Until the oldest counted use leaves the window and its place is free again.
    pub reset_seconds: u64,
    /// The same moment in UNIX milliseconds, by this machine's clock.
    pub reset_at_ms: i64,
    pub window_seconds: u64,
    /// Only on a refusal: a caller who waits this long gets in.
    pub retry_after_seconds: Option<u64>,
}

impl RateHeaders {
    /// When it resets as RFC 3339 says it, in whole seconds of UTC.
    #[must_use]
    pub fn reset_at(&self) -> String {
        let seconds = self.reset_at_ms.div_euclid(1_000) + i64::from(self.reset_at_ms.rem_euclid(1_000) > 0);
        jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |at| at.to_string())
    }
}

/// Milliseconds as whole seconds, rounded up, never negative.
pub(super) fn seconds_up(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).div_ceil(1_000)
}
