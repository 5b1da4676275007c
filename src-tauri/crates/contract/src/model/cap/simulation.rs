//! What a cap would have done with the traffic that was recorded.

use super::{CapStep, CapTrip};
use crate::{NanoUsd, model::time::TimeRange};
use serde::{Deserialize, Serialize};

/// A draft of a cap against recorded traffic. Amounts are what was really charged; what was refused would not have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapSimulation {
    /// The traffic looked at.
    pub range: TimeRange,
    /// The range in words of the cap's time zone.
    pub range_text: String,
    /// Requests that the cap would have counted.
    pub requests: i64,
    /// What they cost.
    pub spent_nanousd: NanoUsd,
    /// For each step of the cap, in order of percentage.
    pub steps: Vec<SimulatedStep>,
    /// Requests that would have been refused, and what they cost.
    pub refused_requests: i64,
    pub refused_nanousd: NanoUsd,
    /// The largest refusals, the dearest first, at most 50.
    pub refusals: Vec<SimulatedRefusal>,
    /// Where the forecast would have changed the ladder, oldest first, at most 50.
    pub trips: Vec<CapTrip>,
    /// True where more values spent than are looked at in detail; the sums count all of them.
    pub is_cut: bool,
}

/// One step over the whole range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedStep {
    pub step: CapStep,
    /// In how many periods (and of how many values) it would have acted.
    pub times: i64,
    /// When first; none where never.
    pub first_ms: Option<i64>,
    /// That moment with date, time and zone; empty where never.
    pub first_text: String,
    /// Requests that came while it acted, and what they cost.
    pub requests: i64,
    pub cost_nanousd: NanoUsd,
}

/// One period of one value in which calls would have been refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulatedRefusal {
    /// Whose, of a cap with *each* scope; empty otherwise.
    pub value: String,
    /// The first refusal.
    pub from_ms: i64,
    /// That moment with date, time and zone.
    pub from_text: String,
    pub requests: i64,
    pub cost_nanousd: NanoUsd,
}
