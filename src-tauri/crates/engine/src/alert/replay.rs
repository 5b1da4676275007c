//! What a rule would have told in the past: the same functions, hour by hour, over the same rollups.

use super::{
    CapStanding, DAY_MS, Finding, HOUR_MS, cap_share, day_start, error_rate, forecast, hit_rate,
    hours::Hours, spend_spike, unknown_price,
};
use std::collections::HashSet;
use weir_contract::{NanoUsd, model::alert::AlertCondition};

/// Findings with when each would have been told, each key and window once, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    pub found: Vec<(i64, Finding)>,
    seen: HashSet<(String, i64)>,
}

impl Replay {
    /// Takes a finding in, unless it was told before.
    pub fn tell(&mut self, at_ms: i64, finding: Finding) {
        if self.seen.insert((finding.key.clone(), finding.window_start_ms)) {
            self.found.push((at_ms, finding));
        }
    }
}

/// Looks at an hour of rollups, over or not.
#[must_use]
pub fn find_in_hour(condition: &AlertCondition, hours: &Hours, hour_ms: i64) -> Option<Finding> {
    match condition {
        AlertCondition::SpendSpike {
            percent,
            at_least_nanousd,
        } => spend_spike::find(hours, hour_ms, *percent, *at_least_nanousd),
        AlertCondition::HitRateFall {
            points,
            at_least_requests,
        } => hit_rate::find(hours, hour_ms, *points, *at_least_requests),
        AlertCondition::ErrorRate {
            percent,
            at_least_requests,
        } => error_rate::find(hours, hour_ms, *percent, *at_least_requests),
        _ => None,
    }
}

/// Replays a condition that looks at single hours over the hours that start in `[from_ms, to_ms)`.
#[must_use]
pub fn of_hours(condition: &AlertCondition, hours: &Hours, from_ms: i64, to_ms: i64) -> Replay {
    let mut replay = Replay::default();
    let mut hour = from_ms;
    while hour < to_ms {
        if let Some(finding) = find_in_hour(condition, hours, hour) {
            replay.tell(hour, finding);
        }
        hour += HOUR_MS;
    }
    replay
}

/// Replays unknown prices of one model.
pub fn of_prices(replay: &mut Replay, model: &str, hours: &Hours, from_ms: i64, to_ms: i64) {
    let mut day = day_start(from_ms);
    while day < to_ms {
        if let Some(finding) = unknown_price::find(model, hours, day) {
            replay.tell(day, finding);
        }
        day += DAY_MS;
    }
}

/// Replays a cap's shares: where the cap stood at these times.
pub fn of_shares(replay: &mut Replay, standings: &[(i64, CapStanding)], percents: &[u8]) {
    for (at_ms, standing) in standings {
        for finding in cap_share::find(standing, percents) {
            replay.tell(*at_ms, finding);
        }
    }
}

/// Replays a cap's forecast through one period, hour by hour between the two times: what was spent is taken from the hours.
pub fn of_forecast(replay: &mut Replay, period: &CapStanding, hours: &Hours, from_ms: i64, to_ms: i64) {
    let Some(end_ms) = period.period_end_ms else {
        return;
    };
    let mut at_ms = period.period_start_ms.max(from_ms);
    while at_ms < end_ms.min(to_ms) {
        // The forecast looks at complete hours only, so what came later changes nothing.
        let standing = CapStanding {
            spent_nanousd: NanoUsd(hours.sum(period.period_start_ms, at_ms).cost_nanousd),
            ..period.clone()
        };
        if let Some(finding) = forecast::find(&standing, Some(hours), at_ms) {
            return replay.tell(at_ms, finding);
        }
        at_ms += HOUR_MS;
    }
}

#[cfg(test)]
mod tests {
    use super::{AlertCondition, HOUR_MS, Hours, NanoUsd, Replay, find_in_hour, of_hours};
    use crate::store::Counters;
    use proptest::prelude::*;

    /// What a gateway tells that looks at each hour a few times while the hour fills, and once more when it is over.
    fn live(condition: &AlertCondition, hours: &[(i64, Counters)], looks: i64) -> Replay {
        let mut replay = Replay::default();
        for (number, (hour_ms, whole)) in hours.iter().enumerate() {
            for look in 1..=looks {
                let so_far = Counters {
                    cost_nanousd: whole.cost_nanousd / looks * look
                        + whole.cost_nanousd % looks * (look / looks),
                    ..*whole
                };
                let mut known = hours[..number].to_vec();
                known.push((*hour_ms, so_far));
                if let Some(finding) = find_in_hour(condition, &Hours::new(known), *hour_ms) {
                    replay.tell(*hour_ms, finding);
                }
            }
        }
        replay
    }

    fn keys(replay: &Replay) -> Vec<(i64, i64, String)> {
        let key =
            |(at_ms, finding): &(i64, super::Finding)| (*at_ms, finding.window_start_ms, finding.key.clone());
        replay.found.iter().map(key).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// The preview says exactly what a gateway would have told on the same hours.
        #[test]
        fn a_preview_equals_the_firings(sums in prop::collection::vec((0..400_i64, 0..100_i64, 0..100_i64, 0..30_i64), 200..400)) {
            let hours: Vec<(i64, Counters)> = (0_i64..).zip(&sums).map(|(number, (cost, hits, misses, errors))| {
                let counters = Counters {
                    requests: hits + misses + errors,
                    hits: *hits,
                    misses: *misses,
                    errors: *errors,
                    cost_nanousd: *cost,
                    ..Counters::default()
                };
                (number * HOUR_MS, counters)
            }).collect();
            let to_ms = hours.len() as i64 * HOUR_MS;
            for condition in [
                AlertCondition::SpendSpike { percent: 200, at_least_nanousd: NanoUsd(100) },
                AlertCondition::HitRateFall { points: 20, at_least_requests: 50 },
                AlertCondition::ErrorRate { percent: 15, at_least_requests: 40 },
            ] {
                let preview = of_hours(&condition, &Hours::new(hours.clone()), 0, to_ms);
                let fired = live(&condition, &hours, 4);
                prop_assert_eq!(keys(&preview), keys(&fired));
            }
        }
    }
}
