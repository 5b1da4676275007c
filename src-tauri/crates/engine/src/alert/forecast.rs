//! What will be spent by the end of a cap's period, and whether that passes the cap.
//!
//! The method: where hour rollups reach back a week or more, every hour to come is expected to cost the mean of the same
//! hour of the week in the last four weeks (as many as there are). Where they do not, what is spent goes on at the pace of
//! the period so far, once an hour and a twentieth of the period have passed.

use super::{
    CapStanding, Finding, HOUR_MS, WEEK_MS, cap_share::subject, hour_start, hours::Hours, words::dollars,
};
use weir_contract::NanoUsd;

/// Weeks that are averaged.
const WEEKS: usize = 4;

/// How a forecast was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Like the same hours of the last weeks.
    LikeLastWeeks,
    /// On at the pace of this period so far.
    EvenPace,
}

/// What is expected to be spent by the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    pub total_nanousd: NanoUsd,
    pub method: Method,
}

/// Expects the spend of the period `[start_ms, end_ms)`, of which `spent` is spent at `now_ms`. `hours` are the rollups of
/// what the cap counts, none where they are not kept by that. None when there is too little to go by.
#[must_use]
pub fn forecast(
    spent: NanoUsd,
    start_ms: i64,
    end_ms: i64,
    now_ms: i64,
    hours: Option<&Hours>,
) -> Option<Forecast> {
    if !(start_ms..end_ms).contains(&now_ms) {
        return None;
    }
    let this_hour = hour_start(now_ms);
    let first = hours.and_then(Hours::first_ms);
    match (hours, first) {
        (Some(hours), Some(first)) if first <= this_hour - WEEK_MS => {
            let rest = rest_like_last_weeks(hours, first, now_ms, end_ms);
            Some(Forecast {
                total_nanousd: clamp(i128::from(spent.0) + rest),
                method: Method::LikeLastWeeks,
            })
        }
        _ => {
            let (passed, length) = (now_ms - start_ms, end_ms - start_ms);
            let enough = passed >= HOUR_MS && passed >= length / 20;
            enough.then(|| Forecast {
                total_nanousd: clamp(i128::from(spent.0) * i128::from(length) / i128::from(passed)),
                method: Method::EvenPace,
            })
        }
    }
}

/// The expected cost from now to the end; of an hour that is partly over or partly in, that part.
fn rest_like_last_weeks(hours: &Hours, first_ms: i64, now_ms: i64, end_ms: i64) -> i128 {
    let this_hour = hour_start(now_ms);
    let mut rest = 0_i128;
    let mut hour = this_hour;
    while hour < end_ms {
        // Complete hours of this place in the week, the latest first.
        let mut before = hour - WEEK_MS;
        let (mut sum, mut weeks) = (0_i128, 0_usize);
        while before >= first_ms && weeks < WEEKS {
            if before < this_hour {
                sum += i128::from(hours.at(before).cost_nanousd);
                weeks += 1;
            }
            before -= WEEK_MS;
        }
        let covered = end_ms.min(hour + HOUR_MS) - now_ms.max(hour);
        if weeks > 0 {
            rest += sum * i128::from(covered) / (weeks as i128 * i128::from(HOUR_MS));
        }
        hour += HOUR_MS;
    }
    rest
}

fn clamp(amount: i128) -> NanoUsd {
    NanoUsd(i64::try_from(amount).unwrap_or(i64::MAX))
}

/// A finding when the cap is not yet used up but is expected to be. Rolling hours have no end and therefore no forecast.
#[must_use]
pub fn find(standing: &CapStanding, hours: Option<&Hours>, now_ms: i64) -> Option<Finding> {
    let end_ms = standing.period_end_ms?;
    let limit = standing.limit_nanousd;
    let expected = forecast(
        standing.spent_nanousd,
        standing.period_start_ms,
        end_ms,
        now_ms,
        hours,
    )?;
    if standing.spent_nanousd >= limit || expected.total_nanousd <= limit {
        return None;
    }
    let subject = subject(standing);
    let method = match expected.method {
        Method::LikeLastWeeks => "if the hours to come cost what the same hours of the last weeks did",
        Method::EvenPace => "if spend goes on as in this period so far",
    };
    let end = match standing.refuses_at {
        Some(bound) => format!(
            "from {bound} on nothing more is bought under it, and answers from the cache are still served"
        ),
        None => "the cap never refuses, so calls go on".to_owned(),
    };
    Some(Finding {
        key: format!("forecast {subject} of {}", limit.0),
        window_start_ms: standing.period_start_ms,
        title: format!(
            "Cap \"{}\"{} is expected to be passed",
            standing.cap, standing.whose
        ),
        message: format!(
            "{} of {limit} is spent; {} is expected by {}, {method}. Calls go on for now; {end}. Look on the Budgets page at what spends, or raise the cap.",
            dollars(standing.spent_nanousd),
            dollars(expected.total_nanousd),
            standing.resets_text,
        ),
        page: "budgets",
        group: String::new(),
        strength: 0,
        subject,
    })
}

#[cfg(test)]
mod tests {
    use super::{Forecast, Method, NanoUsd, find, forecast};
    use crate::{
        alert::{DAY_MS, HOUR_MS, WEEK_MS, cap_share::tests::standing, hours::Hours},
        store::Counters,
    };
    use proptest::prelude::*;

    /// Monday 1970-01-05, and what each hour from there cost.
    fn hours(costs: impl IntoIterator<Item = i64>) -> Hours {
        Hours::new((0_i64..).zip(costs).map(|(number, cost_nanousd)| {
            let counters = Counters {
                cost_nanousd,
                ..Counters::default()
            };
            (4 * DAY_MS + number * HOUR_MS, counters)
        }))
    }

    #[test]
    fn a_weekly_pattern_is_found_again() {
        // Only Mondays at nine cost something.
        let costs = (0..24 * 14).map(|hour| if hour % 168 == 9 { 500 } else { 0 });
        let table = hours(costs);
        let monday = 4 * DAY_MS + 2 * WEEK_MS;
        let early = forecast(
            NanoUsd(7),
            monday,
            monday + DAY_MS,
            monday + HOUR_MS,
            Some(&table),
        );
        let like = |total| {
            Some(Forecast {
                total_nanousd: NanoUsd(total),
                method: Method::LikeLastWeeks,
            })
        };
        assert_eq!(early, like(507));
        let half_past = monday + 9 * HOUR_MS + HOUR_MS / 2;
        assert_eq!(
            forecast(NanoUsd(300), monday, monday + DAY_MS, half_past, Some(&table)),
            like(550),
            "half of the dear hour is still to come"
        );
        let tuesday = monday + DAY_MS;
        assert_eq!(
            forecast(NanoUsd(0), tuesday, tuesday + DAY_MS, tuesday, Some(&table)),
            like(0)
        );
    }

    #[test]
    fn without_a_week_of_hours_the_pace_goes_on() {
        let table = hours([100, 100]);
        let start = 4 * DAY_MS;
        let at = |now_ms| forecast(NanoUsd(200), start, start + DAY_MS, now_ms, Some(&table));
        assert_eq!(at(start + HOUR_MS - 1), None, "too early to say");
        let even = Forecast {
            total_nanousd: NanoUsd(2_400),
            method: Method::EvenPace,
        };
        assert_eq!(at(start + 2 * HOUR_MS), Some(even));
        assert_eq!(
            forecast(NanoUsd(200), start, start + DAY_MS, start + 2 * HOUR_MS, None),
            Some(even)
        );
        assert_eq!(at(start + DAY_MS), None, "the period is over");
    }

    #[test]
    fn only_a_cap_that_is_not_yet_used_up_is_told() {
        let noon = DAY_MS / 2;
        let found = find(&standing(60, 100), None, noon).unwrap();
        assert!(
            found.message.contains("$0.00000012 is expected"),
            "{}",
            found.message
        );
        assert_eq!(find(&standing(50, 100), None, noon), None);
        assert_eq!(find(&standing(100, 100), None, noon), None);
        let mut rolling = standing(60, 100);
        rolling.period_end_ms = None;
        assert_eq!(find(&rolling, None, noon), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// A forecast is never below what is spent, exact for steady spend, and grows with the spend.
        #[test]
        fn steady_spend_is_forecast_exactly(cost in 0..1_000_000_000_i64, days in 8..40_i64, passed_hours in 0..24_i64) {
            let table = hours(std::iter::repeat_n(cost, usize::try_from(days * 24 + passed_hours).unwrap()));
            let start = 4 * DAY_MS + days * DAY_MS;
            let now = start + passed_hours * HOUR_MS;
            let spent = NanoUsd(cost * passed_hours);
            let found = forecast(spent, start, start + DAY_MS, now, Some(&table)).unwrap();
            prop_assert_eq!(found.total_nanousd, NanoUsd(cost * 24));
            let more = forecast(NanoUsd(spent.0 + 5), start, start + DAY_MS, now, Some(&table)).unwrap();
            prop_assert_eq!(more.total_nanousd.0, found.total_nanousd.0 + 5);
            prop_assert!(found.total_nanousd >= spent);
        }
    }
}
