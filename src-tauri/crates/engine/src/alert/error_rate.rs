//! Many requests of an hour failed or were cut.

use super::{Finding, hours::Hours, words::percent};

/// Looks at the hour that starts at `hour_ms`, once it has `at_least` requests.
#[must_use]
pub fn find(hours: &Hours, hour_ms: i64, percent_wrong: u8, at_least: i64) -> Option<Finding> {
    let now = hours.at(hour_ms);
    let is_many = i128::from(now.errors) * 100 >= i128::from(now.requests) * i128::from(percent_wrong);
    if now.requests < at_least.max(1) || now.errors == 0 || !is_many {
        return None;
    }
    Some(Finding {
        key: "error rate".to_owned(),
        window_start_ms: hour_ms,
        subject: "errors".to_owned(),
        title: "Many requests fail".to_owned(),
        message: format!(
            "{} of {} requests failed or were cut in this hour ({}). The others were answered, and cached answers are still served. Look on the Requests page, filtered by status, at which provider fails and what it says.",
            now.errors,
            now.requests,
            percent(now.errors, now.requests),
        ),
        page: "requests",
        group: String::new(),
        strength: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::{Hours, find};
    use crate::store::Counters;
    use proptest::prelude::*;

    fn found(errors: i64, requests: i64, percent: u8, at_least: i64) -> Option<String> {
        let counters = Counters {
            requests,
            errors,
            ..Counters::default()
        };
        find(&Hours::new([(0, counters)]), 0, percent, at_least).map(|one| one.message)
    }

    #[test]
    fn the_share_and_the_number_are_told() {
        assert_eq!(found(1, 20, 10, 20), None);
        let text = found(2, 20, 10, 20).unwrap();
        assert!(text.contains("2 of 20") && text.contains("10.0 %"), "{text}");
        assert_eq!(found(19, 19, 10, 20), None, "too few to say");
        assert_eq!(found(0, 0, 1, 1), None);
    }

    proptest! {
        /// One more failure among as many requests never ends it.
        #[test]
        fn more_failures_never_end_it(requests in 1..100_000_i64, errors in 0..100_000_i64, percent in 1..=100_u8) {
            let errors = errors.min(requests - 1);
            prop_assert!(found(errors, requests, percent, 1).is_none() || found(errors + 1, requests, percent, 1).is_some());
        }
    }
}
