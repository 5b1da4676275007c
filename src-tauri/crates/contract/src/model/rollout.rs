//! Rollouts: a change given to a growing share of callers.

use super::tier::Tier;
use serde::{Deserialize, Serialize};

/// What the new variant changes. Empty fields change nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VariantChange {
    /// Only requests of this intent take part; none means all.
    pub intent: Option<String>,
    /// Serve this model instead of `auto`.
    pub model: Option<String>,
    pub lowest_tier: Option<Tier>,
    pub highest_tier: Option<Tier>,
    /// Put in front of the system prompt.
    pub system_prefix: Option<String>,
    /// Switch the response cache for the variant.
    pub cache: Option<bool>,
    pub cache_ttl_seconds: Option<u64>,
}

/// A rollout as an admin writes it. Callers below the percentage get `new`, the others `old`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Short name, unique; also salts the hash, so renaming draws anew.
    pub name: String,
    pub description: String,
    /// Hundredths of a percent, 0 to 10,000, so that 12.5 % is exact.
    pub basis_points: u16,
    pub enabled: bool,
    pub change: VariantChange,
}

/// A rollout with its version and measured share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutState {
    pub rollout: Rollout,
    pub version: i64,
    /// Requests of the last 24 hours in the new variant and in the old.
    pub new_requests: i64,
    pub old_requests: i64,
}
