//! What an answer's rate-limit headers say, as plain values; the gateway writes them in each family's form.

/// The tightest limit of a request. Seconds are from now and rounded up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateHeaders {
    /// The limit's name, for `RateLimit-Policy`.
    pub policy: String,
    pub limit: u32,
    /// Requests that would still pass now.
    pub remaining: u32,
    /// Until the oldest counted request leaves the window and its place is free again.
    pub reset_seconds: u64,
    pub window_seconds: u64,
    /// Only on a refusal: a caller who waits this long gets in.
    pub retry_after_seconds: Option<u64>,
}

/// Milliseconds as whole seconds, rounded up, never negative.
pub(super) fn seconds_up(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0).div_ceil(1_000)
}
