//! Where axis labels stand: round values upwards, round wall-clock moments sideways.

use crate::local_time;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
/// Spans from here on are labelled with days, shorter ones with hours.
const HOURS_BELOW_MS: i64 = 2 * DAY_MS;

/// A round step and the round top it leads to, for about `wanted` steps up to `highest`.
#[must_use]
pub fn round_scale(highest: f64, wanted: u32) -> (f64, f64) {
    if highest.is_nan() || highest <= 0.0 {
        return (1.0, 1.0);
    }
    let raw = highest / f64::from(wanted.max(1));
    let magnitude = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| *step >= raw * 0.999)
        .unwrap_or(10.0 * magnitude);
    (step, (highest / step).ceil().max(1.0) * step)
}

/// Multiples of the step from zero to the top.
#[must_use]
pub fn steps(step: f64, top: f64) -> Vec<f64> {
    (0..=(top / step).round() as u32)
        .map(|index| f64::from(index) * step)
        .collect()
}

/// Round wall-clock moments inside the span, at most `most` of them.
#[must_use]
pub fn moments(from_ms: i64, to_ms: i64, most: i64, offset_minutes: i64) -> Vec<i64> {
    let span = (to_ms - from_ms).max(1);
    let hours = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720].map(|minutes| minutes * MINUTE_MS);
    let days = [1, 2, 3, 5, 7, 14, 30, 60, 90].map(|days| days * DAY_MS);
    let candidates: Vec<i64> = if span < HOURS_BELOW_MS {
        hours.into_iter().chain(days).collect()
    } else {
        days.to_vec()
    };
    let step = candidates
        .iter()
        .copied()
        .find(|step| span / step <= most.max(1))
        .unwrap_or(180 * DAY_MS);
    let shift = offset_minutes * MINUTE_MS;
    let first = (from_ms + shift).div_euclid(step) * step - shift;
    (0..)
        .map(|index| first + index * step)
        .skip_while(|at| *at < from_ms)
        .take_while(|at| *at < to_ms)
        .collect()
}

/// A moment's label: hours on spans under two days, days on longer ones.
#[must_use]
pub fn moment_label(at_ms: i64, span_ms: i64, offset_minutes: i64) -> String {
    if span_ms < HOURS_BELOW_MS {
        local_time::clock(at_ms, offset_minutes)
    } else {
        local_time::day(at_ms, offset_minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_reach_the_highest_value() {
        for highest in [0.000_3, 0.7, 1.0, 37.0, 99.9, 2_350.0] {
            let (step, top) = round_scale(highest, 4);
            assert!(top >= highest * 0.999, "{highest}: {top}");
            assert!(
                (2..=6).contains(&steps(step, top).len()),
                "{highest}: {step} {top}"
            );
        }
        assert_eq!(round_scale(0.0, 4), (1.0, 1.0));
    }

    #[test]
    fn moments_are_round_on_the_wall_clock_and_few() {
        let from = 1_709_164_800_000 + 7 * MINUTE_MS;
        let hours = moments(from, from + DAY_MS, 8, 60);
        assert!(hours.len() <= 9 && hours.len() >= 4, "{hours:?}");
        assert!(
            hours
                .iter()
                .all(|at| (at + 60 * MINUTE_MS) % (180 * MINUTE_MS) == 0)
        );
        assert!(moment_label(hours[0], DAY_MS, 60).ends_with(":00"));
        let days = moments(from, from + 30 * DAY_MS, 8, 60);
        assert!(days.len() <= 9, "{days:?}");
        assert_eq!(moment_label(from, 30 * DAY_MS, 0), "29 Feb");
    }
}
