//! Budget caps: how much may be spent in a period, and what happens on the way there.

mod check;
mod form;
mod manner;
mod scope;
mod simulation;
mod step;

pub use manner::{CapDynamic, CapManner, CapMode, CapTrip, StoreAway};
pub use scope::{CapScope, CapSubject};
pub use simulation::{CapSimulation, SimulatedRefusal, SimulatedStep};
pub use step::{CapAction, CapStep};

use crate::NanoUsd;
use form::CapForm;
use serde::{Deserialize, Serialize};

/// Longest rolling period in hours: 31 days.
pub const LONGEST_ROLLING_HOURS: u16 = 744;
/// Most values that the state of a cap with *each* scope lists.
pub const MOST_VALUES_SHOWN: u32 = 20;

/// When the count starts again. Calendar periods start at local midnight in the cap's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapPeriod {
    Day,
    Week,
    Month,
    /// Never more than the cap in any so many hours. Spend counts by the hour in which its call began, and until so many
    /// whole hours after that hour's end.
    RollingHours(u16),
}

/// A cap as an admin writes it. Its older form, with `action` and `alert_percent` in place of `steps`, is still read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CapForm")]
pub struct Cap {
    /// Short name, unique: `global-daily`.
    pub name: String,
    pub scope: CapScope,
    pub period: CapPeriod,
    /// IANA name, `Europe/Berlin`.
    pub time_zone: String,
    /// Of an *each* scope: for each value on its own.
    pub limit_nanousd: NanoUsd,
    /// What happens at which share of the limit.
    pub steps: Vec<CapStep>,
    pub enabled: bool,
    /// What it reserves, what it does without the store, and whether it looks ahead.
    #[serde(flatten)]
    pub manner: CapManner,
}

impl Cap {
    /// The most that may be spent: the share of the limit at which the cap refuses. None where it never refuses and only
    /// watches or steers.
    #[must_use]
    pub fn refuses_at(&self) -> Option<NanoUsd> {
        let percents = self.steps.iter().filter(|step| step.action == CapAction::Refuse);
        let percent = percents.map(|step| step.percent).min()?;
        let amount = i128::from(self.limit_nanousd.0) * i128::from(percent) / 100;
        Some(NanoUsd(i64::try_from(amount).unwrap_or(i64::MAX)))
    }

    /// The share of the limit from which somebody should look: its first notice, else its first step.
    #[must_use]
    pub fn alert_percent(&self) -> u8 {
        let first = |wanted: fn(&CapStep) -> bool| {
            let matching = self.steps.iter().filter(|step| wanted(step));
            matching.map(|step| step.percent).min()
        };
        first(|step| step.action == CapAction::Notify)
            .or_else(|| first(|_| true))
            .unwrap_or(100)
    }
}

/// A cap with where it stands now. Of an *each* scope, the amounts are those of the value that has spent most.
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
    /// When the count starts again; of a rolling period, when its oldest spend stops counting.
    pub resets_ms: i64,
    /// The next reset with date, time and zone: `2026-11-22 00:00 Europe/Berlin`.
    pub resets_text: String,
    /// The steps that act at these amounts.
    #[serde(default)]
    pub in_force: Vec<CapStep>,
    /// Of an *each* scope: the values that have spent most, at most [`MOST_VALUES_SHOWN`]. Empty otherwise.
    #[serde(default)]
    pub values: Vec<CapValueState>,
    /// By how much what is under way may still lead past the share at which the cap refuses, and what has passed it already.
    /// 0 for a strict cap: it cannot be passed. Of an *each* scope, the largest of the values shown.
    #[serde(default)]
    pub overrun_nanousd: NanoUsd,
    /// Of a cap that looks ahead: at which hours of this period its forecast lowered or raised the ladder, oldest first.
    #[serde(default)]
    pub trips: Vec<CapTrip>,
}

/// One value of a cap with *each* scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapValueState {
    /// The user, key, team … Empty for calls that name none, which share one budget. A value that is too long to be kept
    /// is shown as `sha256 …`.
    pub value: String,
    pub spent_nanousd: NanoUsd,
    pub reserved_nanousd: NanoUsd,
    pub unsettled_nanousd: NanoUsd,
}
