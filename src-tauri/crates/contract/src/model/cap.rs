//! Budget caps: how much may be spent in a period, and what happens on the way there.

use super::tier::Tier;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// What a cap counts. The first release has the global one; the list grows, the shape stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum CapScope {
    /// All spend of this workspace.
    Global,
    /// Spend on one tier.
    Tier(Tier),
}

/// When the count starts again, at local midnight in the cap's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    Day,
    Week,
    Month,
}

/// What happens when the cap is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapAction {
    /// Refuse with 429 and the time of the next reset.
    Refuse,
    /// Close the tier of a tier cap: `auto` falls to the tiers below it.
    CloseTier,
}

/// A cap as an admin writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Short name, unique: `global-daily`.
    pub name: String,
    pub scope: CapScope,
    pub period: CapPeriod,
    /// IANA name, `Europe/Berlin`.
    pub time_zone: String,
    pub limit_nanousd: NanoUsd,
    pub action: CapAction,
    /// Percentage at which the cap is shown as needing attention.
    pub alert_percent: u8,
    pub enabled: bool,
}

/// A cap with where it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapState {
    pub cap: Cap,
    /// Version to send back when saving, so that no change is lost.
    pub version: i64,
    /// Charged in this period.
    pub spent_nanousd: NanoUsd,
    /// Held for calls under way.
    pub reserved_nanousd: NanoUsd,
    /// Of what was spent: charged by estimate.
    pub unsettled_nanousd: NanoUsd,
    pub period_start_ms: i64,
    pub resets_ms: i64,
    /// The next reset with date, time and zone: `2026-11-22 00:00 Europe/Berlin`.
    pub resets_text: String,
}
