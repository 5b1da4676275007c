//! The cache answers much less than it did.

use super::{Finding, WEEK_MS, day_start, hours::Hours, words::percent};

/// Compares the hour that starts at `hour_ms` with the seven days before it. Both need `at_least` requests that asked the cache.
#[must_use]
pub fn find(hours: &Hours, hour_ms: i64, points: u8, at_least: i64) -> Option<Finding> {
    let now = hours.at(hour_ms);
    let before = hours.sum(hour_ms - WEEK_MS, hour_ms);
    let (asked, asked_before) = (
        now.hits.saturating_add(now.misses),
        before.hits.saturating_add(before.misses),
    );
    if asked < at_least.max(1) || asked_before < at_least.max(1) {
        return None;
    }
    // before.hits / asked_before - now.hits / asked >= points / 100, without rounding.
    let fall = i128::from(before.hits) * i128::from(asked) - i128::from(now.hits) * i128::from(asked_before);
    if fall * 100 < i128::from(points) * i128::from(asked) * i128::from(asked_before) {
        return None;
    }
    Some(Finding {
        key: "hit rate".to_owned(),
        window_start_ms: day_start(hour_ms),
        subject: "cache hit rate".to_owned(),
        title: "The cache answers less than it did".to_owned(),
        message: format!(
            "{} of the requests that asked the cache were answered by it in this hour ({} of {asked}); over the seven days before it was {}. Calls are answered as before, but more of them are bought. Look on the Cache page whether it was cleared, the app version changed, or prompts now differ in every call.",
            percent(now.hits, asked),
            now.hits,
            percent(before.hits, asked_before),
        ),
        page: "cache",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Hours, find};
    use crate::{alert::HOUR_MS, store::Counters};
    use proptest::prelude::*;

    fn asked(hits: i64, misses: i64) -> Counters {
        Counters {
            requests: hits + misses,
            hits,
            misses,
            ..Counters::default()
        }
    }

    #[test]
    fn a_fall_of_so_many_points_is_told() {
        let at = |hits, misses| {
            let table = Hours::new([(0, asked(600, 400)), (HOUR_MS, asked(hits, misses))]);
            find(&table, HOUR_MS, 20, 100)
        };
        assert_eq!(at(41, 59), None);
        let found = at(40, 60).unwrap();
        assert!(
            found.message.contains("40.0 %") && found.message.contains("60.0 %"),
            "{}",
            found.message
        );
        assert_eq!(at(0, 99), None, "too few to say");
        assert_eq!(found.window_start_ms, 0, "once a day");
    }

    proptest! {
        /// It agrees with the difference of the two rates wherever that is far from the threshold.
        #[test]
        fn it_agrees_with_fractions(now in prop::array::uniform2(0..10_000_i64), before in prop::array::uniform2(0..10_000_i64), points in 1..=100_u8) {
            let table = Hours::new([(0, asked(before[0], before[1])), (HOUR_MS, asked(now[0], now[1]))]);
            let found = find(&table, HOUR_MS, points, 1).is_some();
            let rate = |pair: [i64; 2]| pair[0] as f64 / (pair[0] + pair[1]).max(1) as f64;
            let fall = (rate(before) - rate(now)) * 100.0 - f64::from(points);
            let both = now[0] + now[1] > 0 && before[0] + before[1] > 0;
            if fall.abs() > 1e-6 {
                prop_assert_eq!(found, both && fall > 0.0);
            }
        }
    }
}
