//! What a cap does at a share of its limit.

use serde::{Deserialize, Serialize};

/// What happens from a share of the limit on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapAction {
    /// It is shown as needing attention.
    Notify,
    /// `auto` uses one tier lower than it otherwise might, for each such step.
    StepDown,
    /// No model of the highest tier answers; `auto` uses the tiers below.
    CloseTopTier,
    /// Only answers from the cache; nothing is bought.
    CacheOnly,
    /// Nothing is bought that could lead past this share. A cap of a tier or model so closes that tier or model, and `auto`
    /// uses what is cheaper.
    Refuse,
}

impl CapAction {
    /// All of them, the mildest first.
    pub const ALL: [CapAction; 5] = [
        CapAction::Notify,
        CapAction::StepDown,
        CapAction::CloseTopTier,
        CapAction::CacheOnly,
        CapAction::Refuse,
    ];
    /// As in JSON: `notify`, `step_down` …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["notify", "step_down", "close_top_tier", "cache_only", "refuse"][self as usize]
    }
    /// Reads what [`CapAction::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<CapAction> {
        CapAction::ALL.into_iter().find(|action| action.as_str() == text)
    }
    /// True for what changes how a call is served before a model is chosen.
    #[must_use]
    pub fn steers(self) -> bool {
        matches!(
            self,
            CapAction::StepDown | CapAction::CloseTopTier | CapAction::CacheOnly
        )
    }
}

/// An action and the share of the limit, spent and reserved together, from which it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapStep {
    /// 1 to 100.
    pub percent: u8,
    pub action: CapAction,
}

impl CapStep {
    /// A step.
    #[must_use]
    pub fn at(percent: u8, action: CapAction) -> CapStep {
        CapStep { percent, action }
    }
    /// What most caps do: tell at so many percent, refuse at the limit.
    #[must_use]
    pub fn tell_and_refuse(percent: u8) -> Vec<CapStep> {
        vec![
            CapStep::at(percent, CapAction::Notify),
            CapStep::at(100, CapAction::Refuse),
        ]
    }
}
