//! A made-up cap that counts each user on its own.

use super::seed;
use weir_contract::{
    NanoUsd,
    model::cap::{CapAction, CapMode, CapPeriod, CapScope, CapState, CapStep, CapSubject, CapValueState},
};

/// Each user's own daily cap; the first has come as far as its first step.
pub(super) fn cap() -> CapState {
    let value = |user: &str, spent_mills: i64| CapValueState {
        value: user.to_owned(),
        spent_nanousd: NanoUsd(spent_mills * NanoUsd::PER_USD / 1_000),
        reserved_nanousd: NanoUsd::ZERO,
        unsettled_nanousd: NanoUsd::ZERO,
    };
    let scope = CapScope::Each(CapSubject::User);
    let mut state = seed::cap("per-user-daily", scope, CapPeriod::Day, (5, 3_120, 0));
    state.cap.steps = vec![
        CapStep::at(60, CapAction::StepDown),
        CapStep::at(80, CapAction::Notify),
        CapStep::at(100, CapAction::Refuse),
    ];
    state.in_force = vec![state.cap.steps[0]];
    state.cap.manner.mode = CapMode::Balanced;
    state.overrun_nanousd = NanoUsd(40_000_000);
    state.values = vec![
        value("ana@example.com", 3_120),
        value("bo@example.com", 1_905),
        value("", 412),
    ];
    state
}
