//! A made-up simulation of a cap.

use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapSimulation, CapTrip, SimulatedRefusal, SimulatedStep},
        time::TimeRange,
    },
};

const DAY_MS: i64 = 86_400_000;

/// As if the sample company's 30 days had reached the cap twice.
pub(super) fn simulation(cap: &Cap, now_ms: i64) -> CapSimulation {
    let limit = cap.limit_nanousd.0;
    let first_ms = now_ms - 9 * DAY_MS;
    let mut steps: Vec<SimulatedStep> = cap
        .steps
        .iter()
        .map(|step| SimulatedStep {
            step: *step,
            times: if step.action == CapAction::Refuse { 2 } else { 6 },
            first_ms: Some(first_ms),
            first_text: format!("2026-11-12 17:40 {}", cap.time_zone),
            requests: if step.action == CapAction::Refuse { 41 } else { 612 },
            cost_nanousd: NanoUsd(limit / 20),
        })
        .collect();
    steps.sort_by_key(|step| step.step);
    CapSimulation {
        range: TimeRange {
            from_ms: now_ms - 30 * DAY_MS,
            to_ms: now_ms,
        },
        range_text: format!("2026-10-22 00:00 {0} to 2026-11-21 12:00 {0}", cap.time_zone),
        requests: 48_213,
        spent_nanousd: NanoUsd(limit.saturating_mul(11)),
        steps,
        refused_requests: 41,
        refused_nanousd: NanoUsd(limit / 20),
        refusals: vec![SimulatedRefusal {
            value: String::new(),
            from_ms: first_ms,
            from_text: format!("2026-11-12 19:02 {}", cap.time_zone),
            requests: 41,
            cost_nanousd: NanoUsd(limit / 20),
        }],
        trips: cap.manner.dynamic.map(|_| trip(limit)).into_iter().collect(),
        is_cut: false,
    }
}

/// One tier lower in the middle of the month.
fn trip(limit_nanousd: i64) -> CapTrip {
    CapTrip {
        value: "ana".to_owned(),
        at_ms: 0,
        at_text: "2026-11-12 15:00 Europe/Berlin".to_owned(),
        tiers_down: 1,
        spent_nanousd: NanoUsd(limit_nanousd / 10 * 4),
        forecast_nanousd: NanoUsd(limit_nanousd / 10 * 11),
    }
}
