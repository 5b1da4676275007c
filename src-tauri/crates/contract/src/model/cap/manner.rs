//! How a cap guards: what it reserves for a call, what it does when the store is away, and whether it looks ahead.

use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// What a cap reserves for a call under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapMode {
    /// The most that the call can cost, so the cap cannot be passed.
    #[default]
    Strict,
    /// What 99 of 100 calls like it stay within. More calls fit, and the cap can be passed by what those under way cost
    /// beyond that; the bound is shown.
    Balanced,
}

impl CapMode {
    /// As in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CapMode::Strict => "strict",
            CapMode::Balanced => "balanced",
        }
    }
}

/// What a cap does with a call while the store cannot say what is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreAway {
    /// Nothing is bought.
    #[default]
    Refuse,
    /// The call goes on, held by nothing. What it costs is charged once the store is back, while this gateway lives.
    Allow,
}

impl StoreAway {
    /// As in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StoreAway::Refuse => "refuse",
            StoreAway::Allow => "allow",
        }
    }
}

/// A monthly cap that looks ahead: where the forecast of the month passes a share of the limit, `auto` uses lower tiers,
/// step by step, long before the limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapDynamic {
    /// From this forecast on, in percent of the limit, `auto` uses one tier lower. 50 to 500.
    pub from_percent: u16,
    /// One more tier lower for each further so many percent. 5 to 500.
    pub every_percent: u16,
    /// At most so many tiers lower. 1 to 3.
    pub most_tiers: u8,
}

impl CapDynamic {
    /// What most will do: one tier lower when the forecast meets the limit, another for each quarter beyond.
    pub const USUAL: CapDynamic = CapDynamic {
        from_percent: 100,
        every_percent: 25,
        most_tiers: 3,
    };

    /// Checks the ranges.
    ///
    /// # Errors
    /// What is out of range, as one sentence.
    pub fn check(self) -> Result<(), String> {
        if !(50..=500).contains(&self.from_percent) {
            return Err(format!(
                "dynamic: from_percent {} is not between 50 and 500; 100 acts when the forecast meets the limit",
                self.from_percent
            ));
        }
        if !(5..=500).contains(&self.every_percent) {
            return Err(format!(
                "dynamic: every_percent {} is not between 5 and 500",
                self.every_percent
            ));
        }
        if !(1..=3).contains(&self.most_tiers) {
            return Err(format!(
                "dynamic: most_tiers {} is not 1, 2 or 3",
                self.most_tiers
            ));
        }
        Ok(())
    }
}

/// All of it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct CapManner {
    pub mode: CapMode,
    pub when_store_is_away: StoreAway,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<CapDynamic>,
}

/// An hour at whose beginning a forecast changed the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapTrip {
    /// Whose, of a cap with *each* scope; empty otherwise.
    pub value: String,
    pub at_ms: i64,
    /// That hour with date, time and zone.
    pub at_text: String,
    /// From then on; 0 is the whole ladder again.
    pub tiers_down: u8,
    /// Spent in the period until then.
    pub spent_nanousd: NanoUsd,
    /// What the period would have come to at that pace.
    pub forecast_nanousd: NanoUsd,
}
