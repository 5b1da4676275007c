//! An hour costs much more than the same hour a week ago.

use super::{Finding, WEEK_MS, hours::Hours, words::dollars};
use weir_contract::NanoUsd;

/// Looks at the hour that starts at `hour_ms`, whether or not it is over: its spend can only grow, so what is found stays
/// found. An hour of a week ago without any spend counts as nothing, and `at_least` alone decides.
#[must_use]
pub fn find(hours: &Hours, hour_ms: i64, percent: u32, at_least: NanoUsd) -> Option<Finding> {
    let now = hours.at(hour_ms).cost_nanousd;
    let before = hours.at(hour_ms - WEEK_MS).cost_nanousd;
    // A gateway that is younger than a week has nothing to compare with.
    let is_known = hours.first_ms().is_some_and(|first| first <= hour_ms - WEEK_MS);
    let is_spike = i128::from(now) * 100 > i128::from(before) * i128::from(percent);
    if !is_known || now < at_least.0 || !is_spike {
        return None;
    }
    let (now, before) = (dollars(NanoUsd(now)), dollars(NanoUsd(before)));
    Some(Finding {
        key: "spend spike".to_owned(),
        window_start_ms: hour_ms,
        subject: "spend".to_owned(),
        title: "Spend is much higher than a week ago".to_owned(),
        message: format!(
            "{now} was spent in this hour; the same hour last week cost {before}. Calls go on, and the caps still hold. Look on the Requests page at which key, user or model is new."
        ),
        page: "requests",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Hours, NanoUsd, WEEK_MS, find};
    use crate::{alert::HOUR_MS, store::Counters};
    use proptest::prelude::*;

    fn hours(costs: &[(i64, i64)]) -> Hours {
        Hours::new(costs.iter().map(|(at, cost_nanousd)| {
            let counters = Counters {
                cost_nanousd: *cost_nanousd,
                ..Counters::default()
            };
            (*at, counters)
        }))
    }

    #[test]
    fn the_same_hour_last_week_is_the_measure() {
        let at = |now| {
            find(
                &hours(&[(0, 100), (HOUR_MS, 999), (WEEK_MS, now)]),
                WEEK_MS,
                300,
                NanoUsd(50),
            )
        };
        assert_eq!(at(300), None);
        let found = at(301).unwrap();
        assert!(
            found.message.contains("$0.000000301") && found.message.contains("$0.0000001"),
            "{}",
            found.message
        );
        let quiet = hours(&[(0, 1), (WEEK_MS, 49)]);
        assert_eq!(
            find(&quiet, WEEK_MS, 300, NanoUsd(50)),
            None,
            "too little to matter"
        );
        let young = hours(&[(HOUR_MS, 1), (WEEK_MS, 5_000)]);
        assert_eq!(
            find(&young, WEEK_MS, 300, NanoUsd(50)),
            None,
            "there was no last week"
        );
    }

    proptest! {
        /// What is found in an hour so far is found in the whole hour too.
        #[test]
        fn more_spend_never_ends_a_spike(before in 0..i64::MAX, now in prop::array::uniform2(0..i64::MAX), percent in 101..5_000_u32) {
            let found = |cost| find(&hours(&[(0, before), (WEEK_MS, cost)]), WEEK_MS, percent, NanoUsd(10)).is_some();
            let (less, more) = (now[0].min(now[1]), now[0].max(now[1]));
            prop_assert!(!found(less) || found(more));
        }
    }
}
