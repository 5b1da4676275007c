//! The forecast of a period from its hours, and the rung it leads to. Pure: the same hours always lead to the same rungs, so
//! what a gateway does now and what the page says of the past cannot differ.

use crate::budget::period::PeriodBounds;
use weir_contract::{NanoUsd, model::cap::CapDynamic};

const HOUR_MS: i64 = 3_600_000;
/// The pace is that of the last so many hours: a week, so that nights and weekends count as they should.
const PACE_HOURS: usize = 168;
/// A pace is never taken from less than three days; in the first hours of a month one busy hour says little.
const LEAST_HOURS: usize = 72;
/// The ladder goes up again only when the forecast is so many points of percent below where it went down.
const SLACK_PERCENT: i128 = 10;

/// What is foreseen at the beginning of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Whole hours of the period that have passed.
    pub hour: usize,
    pub tiers_down: u8,
    /// Spent in those hours.
    pub spent: NanoUsd,
    /// What the whole period comes to at this pace.
    pub forecast: NanoUsd,
}

/// The first whole hour of a period, and how many there are. A zone whose midnight lies within an hour loses that part.
#[must_use]
pub fn whole_hours(bounds: PeriodBounds) -> (i64, usize) {
    let first_ms = bounds.start_ms + (-bounds.start_ms).rem_euclid(HOUR_MS);
    let hours = (bounds.end_ms - first_ms).max(0) / HOUR_MS;
    (first_ms, usize::try_from(hours).unwrap_or(0))
}

/// What the period comes to: what was spent, and the rest of its hours at the pace of the last week.
#[must_use]
pub fn forecast_nanousd(spent_by_hour: &[i64], hours_in_period: usize) -> NanoUsd {
    let sum = |hours: &[i64]| -> i128 { hours.iter().map(|spent| i128::from(*spent).max(0)).sum() };
    let recent = &spent_by_hour[spent_by_hour.len().saturating_sub(PACE_HOURS)..];
    let left = hours_in_period.saturating_sub(spent_by_hour.len()) as i128;
    let over = recent.len().max(LEAST_HOURS) as i128;
    saturated(sum(spent_by_hour).saturating_add(sum(recent).saturating_mul(left) / over))
}

/// How many tiers lower `auto` is, after it was `before`, with this forecast. More forecast never leads to fewer, and it comes
/// back only with some slack, so that a forecast near a threshold does not make it flap.
#[must_use]
pub fn next_tiers_down(before: u8, forecast: NanoUsd, limit: NanoUsd, dynamic: CapDynamic) -> u8 {
    let reached = |more_percent: i128| -> u8 {
        // In hundredths of the limit, so that nothing is rounded: forecast ≥ limit × percent / 100.
        let hundredths = i128::from(forecast.0.max(0)) * 100 + i128::from(limit.0.max(0)) * more_percent;
        let acts = |tiers: &u8| {
            let percent = i128::from(dynamic.from_percent)
                + i128::from(dynamic.every_percent) * (i128::from(*tiers) - 1);
            hundredths >= i128::from(limit.0.max(1)) * percent
        };
        (1..=dynamic.most_tiers).rev().find(acts).unwrap_or(0)
    };
    reached(0).max(before.min(reached(SLACK_PERCENT)))
}

/// The outlook at the end of each hour that has passed.
#[must_use]
pub fn replay(
    spent_by_hour: &[i64],
    hours_in_period: usize,
    limit: NanoUsd,
    dynamic: CapDynamic,
) -> Vec<Outlook> {
    let mut tiers_down = 0;
    let mut spent = 0_i128;
    let mut outlooks = Vec::with_capacity(spent_by_hour.len());
    for hour in 1..=spent_by_hour.len() {
        spent += i128::from(spent_by_hour[hour - 1]).max(0);
        let forecast = forecast_nanousd(&spent_by_hour[..hour], hours_in_period);
        tiers_down = next_tiers_down(tiers_down, forecast, limit, dynamic);
        outlooks.push(Outlook {
            hour,
            tiers_down,
            spent: saturated(spent),
            forecast,
        });
    }
    outlooks
}

fn saturated(amount: i128) -> NanoUsd {
    NanoUsd(i64::try_from(amount).unwrap_or(i64::MAX))
}
