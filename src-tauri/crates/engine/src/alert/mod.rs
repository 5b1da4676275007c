//! Alerts as pure functions: where things stand and the time go in, what is to be told comes out.
//!
//! - One file per condition. Each says in its texts what happened, how much, what still works, what to do.
//! - [`retry`]: when a delivery is tried again. [`signature`]: how a webhook is signed. [`address`]: where one may lead.
//!
//! To add a condition: write its variant in `contract::model::alert`, its file here, and its lines in `admin::alerts`.

pub mod address;
pub mod breaker_open;
pub mod cap_share;
pub mod disk_low;
pub mod error_rate;
pub mod forecast;
pub mod hit_rate;
pub mod hours;
pub mod ledger_differs;
pub mod replay;
pub mod retry;
pub mod signature;
pub mod spend_spike;
pub mod unknown_price;
mod words;

use weir_contract::NanoUsd;

/// An hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// A UTC day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// A week in milliseconds.
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// Start of the UTC hour that contains this time.
#[must_use]
pub fn hour_start(at_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(HOUR_MS)
}

/// Start of the UTC day that contains this time.
#[must_use]
pub fn day_start(at_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(DAY_MS)
}

/// Something to be told, once per rule, key and window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, told apart exactly.
    pub key: String,
    pub window_start_ms: i64,
    /// The same for people: `cap "global-daily"`.
    pub subject: String,
    pub title: String,
    pub message: String,
    /// The page that deals with it.
    pub page: &'static str,
    /// Of findings that say the same more or less strongly: what they share. Empty where it stands alone.
    pub group: String,
    /// Within a group: only the strongest is sent.
    pub strength: u8,
}

/// Where a cap stands in its present period; of a cap that counts each value on its own, where one value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapStanding {
    pub cap: String,
    /// Of one value of an *each* scope: ` for user "ana"`. Empty otherwise.
    pub whose: String,
    pub limit_nanousd: NanoUsd,
    pub spent_nanousd: NanoUsd,
    pub reserved_nanousd: NanoUsd,
    /// The most that may be spent; none where the cap never refuses.
    pub refuses_at: Option<NanoUsd>,
    /// What identifies the period; also the window of what is told about it.
    pub period_start_ms: i64,
    /// None for rolling hours, which have no end.
    pub period_end_ms: Option<i64>,
    /// The next reset with date, time and zone.
    pub resets_text: String,
    /// Percentages of the cap's own `notify` steps.
    pub notices: Vec<u8>,
}
