//! Where a cap's period starts and ends: local midnight in the cap's time zone, whatever its clocks do.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use weir_contract::model::cap::CapPeriod;

/// A half-open period `[start_ms, end_ms)` in UNIX milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeriodBounds {
    pub start_ms: i64,
    pub end_ms: i64,
}

/// Why a period could not be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The name is not in the time zone database.
    #[error("\"{0}\" is not a time zone; use an IANA name such as Europe/Berlin or UTC")]
    UnknownTimeZone(String),
    /// The calendar ends at the year 9999.
    #[error("the time {0} ms is outside the calendar; check the machine's clock")]
    OutOfCalendar(i64),
}

const HOUR_MS: i64 = 3_600_000;

/// Which starts of periods count against a cap while one of them is running, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedStarts {
    pub first_ms: i64,
    pub last_ms: i64,
}

impl CountedStarts {
    /// One period alone.
    #[must_use]
    pub fn only(start_ms: i64) -> CountedStarts {
        CountedStarts {
            first_ms: start_ms,
            last_ms: start_ms,
        }
    }
}

/// What counts together with the period that starts at `start_ms`: a calendar period counts alone. Of a rolling period the
/// hours count that lie together with this one in some span of so many hours.
///
/// A span of N hours touches at most N + 1 clock hours. So when no N + 1 hours in a row hold more than the limit, no span
/// does. The hours *after* this one count too, because a call that took its money late, or a gateway whose clock is behind,
/// adds to an hour that has passed: of any N + 1 hours in a row, whichever grant was the last saw all of them.
#[must_use]
pub fn counted_starts(period: CapPeriod, start_ms: i64) -> CountedStarts {
    let reach_ms = match period {
        CapPeriod::RollingHours(hours) => i64::from(hours) * HOUR_MS,
        CapPeriod::Day | CapPeriod::Week | CapPeriod::Month => 0,
    };
    CountedStarts {
        first_ms: start_ms - reach_ms,
        last_ms: start_ms + reach_ms,
    }
}

/// When spend of the period that starts at `start_ms` no longer counts.
#[must_use]
pub fn stops_counting_ms(period: CapPeriod, bounds: PeriodBounds, start_ms: i64) -> i64 {
    match period {
        CapPeriod::RollingHours(hours) => start_ms + (i64::from(hours) + 1) * HOUR_MS,
        CapPeriod::Day | CapPeriod::Week | CapPeriod::Month => bounds.end_ms,
    }
}

/// The period that contains `now_ms`; of a rolling one, the clock hour. Weeks start on Monday.
///
/// # Errors
/// An unknown time zone, or a time beyond the calendar.
pub fn period_bounds(period: CapPeriod, time_zone: &str, now_ms: i64) -> Result<PeriodBounds, PeriodError> {
    let zone = find_zone(time_zone)?;
    let outside = || PeriodError::OutOfCalendar(now_ms);
    let now = Timestamp::from_millisecond(now_ms).map_err(|_| outside())?;
    if let CapPeriod::RollingHours(_) = period {
        let start_ms = now_ms - now_ms.rem_euclid(HOUR_MS);
        let end_ms = start_ms + HOUR_MS;
        return Ok(PeriodBounds { start_ms, end_ms });
    }
    let today = now.to_zoned(zone.clone()).date();
    let mut first = first_day(period, today).ok_or_else(outside)?;
    let mut bounds = bounds_from(period, first, &zone).ok_or_else(outside)?;
    // A zone that sets its clocks back across midnight shows yesterday's date again for a while after the new day
    // has begun. Midnight happened, so that while belongs to the new day.
    while now_ms >= bounds.end_ms {
        first = next_first_day(period, first).ok_or_else(outside)?;
        bounds = bounds_from(period, first, &zone).ok_or_else(outside)?;
    }
    Ok(bounds)
}

/// A moment with date, time and zone, as it is printed beside a cap: `2026-11-22 00:00 Europe/Berlin`.
///
/// # Errors
/// As [`period_bounds`].
pub fn resets_text(resets_ms: i64, time_zone: &str) -> Result<String, PeriodError> {
    let zone = find_zone(time_zone)?;
    let end = Timestamp::from_millisecond(resets_ms)
        .map_err(|_| PeriodError::OutOfCalendar(resets_ms))?
        .to_zoned(zone);
    Ok(format!("{} {time_zone}", end.strftime("%Y-%m-%d %H:%M")))
}

fn find_zone(name: &str) -> Result<TimeZone, PeriodError> {
    TimeZone::get(name).map_err(|_| PeriodError::UnknownTimeZone(name.to_owned()))
}

fn first_day(period: CapPeriod, date: Date) -> Option<Date> {
    match period {
        CapPeriod::Day | CapPeriod::RollingHours(_) => Some(date),
        CapPeriod::Week => {
            let past_monday = i64::from(date.weekday().since(Weekday::Monday));
            date.checked_sub(past_monday.days()).ok()
        }
        CapPeriod::Month => Some(date.first_of_month()),
    }
}

fn next_first_day(period: CapPeriod, first: Date) -> Option<Date> {
    let span = match period {
        CapPeriod::Day | CapPeriod::RollingHours(_) => 1.day(),
        CapPeriod::Week => 1.week(),
        CapPeriod::Month => 1.month(),
    };
    first.checked_add(span).ok()
}

fn bounds_from(period: CapPeriod, first: Date, zone: &TimeZone) -> Option<PeriodBounds> {
    let start_ms = midnight_ms(first, zone)?;
    let mut next = first;
    // A zone that moved across the date line skipped a whole day; the period before it then ends where the first
    // day that exists begins.
    loop {
        next = next_first_day(period, next)?;
        let end_ms = midnight_ms(next, zone)?;
        if end_ms > start_ms {
            return Some(PeriodBounds { start_ms, end_ms });
        }
    }
}

fn midnight_ms(date: Date, zone: &TimeZone) -> Option<i64> {
    let start = date.to_zoned(zone.clone()).ok()?;
    Some(start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::{HOUR_MS, PeriodBounds, PeriodError, period_bounds, resets_text};
    use jiff::Timestamp;
    use proptest::prelude::*;
    use weir_contract::model::cap::CapPeriod;

    const ZONES: [&str; 16] = [
        "UTC",
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/St_Johns",
        "Africa/Cairo",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Asia/Tokyo",
        "Australia/Lord_Howe",
        "Australia/Sydney",
        "Pacific/Apia",
        "Pacific/Auckland",
        "Pacific/Chatham",
    ];

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn hours(bounds: PeriodBounds) -> f64 {
        (bounds.end_ms - bounds.start_ms) as f64 / HOUR_MS as f64
    }

    /// BUD-8.
    #[test]
    fn days_of_clock_changes_have_their_true_length() {
        let table = [
            ("Europe/Berlin", "2026-03-29T10:00:00Z", 23.0),
            ("Europe/Berlin", "2026-10-25T10:00:00Z", 25.0),
            ("Europe/London", "2026-03-29T10:00:00Z", 23.0),
            ("America/New_York", "2026-03-08T18:00:00Z", 23.0),
            ("America/New_York", "2026-11-01T18:00:00Z", 25.0),
            ("America/Los_Angeles", "2026-11-01T18:00:00Z", 25.0),
            ("America/St_Johns", "2026-03-08T18:00:00Z", 23.0),
            ("America/Havana", "2026-03-08T18:00:00Z", 23.0),
            ("America/Santiago", "2026-09-06T18:00:00Z", 23.0),
            ("Africa/Cairo", "2025-04-25T10:00:00Z", 23.0),
            ("Asia/Beirut", "2026-03-29T10:00:00Z", 23.0),
            ("Australia/Lord_Howe", "2026-04-04T20:00:00Z", 24.5),
            ("Australia/Sydney", "2026-10-04T05:00:00Z", 23.0),
            ("Pacific/Auckland", "2026-04-05T05:00:00Z", 25.0),
            ("Pacific/Chatham", "2026-09-27T05:00:00Z", 23.0),
            ("Asia/Tokyo", "2026-03-29T10:00:00Z", 24.0),
            ("Asia/Kathmandu", "2026-03-29T10:00:00Z", 24.0),
        ];
        for (zone, now, expected) in table {
            let bounds = period_bounds(CapPeriod::Day, zone, at(now)).unwrap();
            assert!(
                (hours(bounds) - expected).abs() < 1e-9,
                "{zone} {now}: {bounds:?}"
            );
        }
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_starts_at_the_first_moment_it_has() {
        // Cairo goes from 23:59:59 on Thursday to 01:00 on Friday.
        let bounds = period_bounds(CapPeriod::Day, "Africa/Cairo", at("2025-04-24T12:00:00Z")).unwrap();
        assert_eq!(bounds.end_ms, at("2025-04-24T22:00:00Z"));
        assert_eq!(
            resets_text(bounds.end_ms, "Africa/Cairo").unwrap(),
            "2025-04-25 01:00 Africa/Cairo"
        );
    }

    #[test]
    fn samoa_skipped_a_day_and_no_money_period_did() {
        let before = period_bounds(CapPeriod::Day, "Pacific/Apia", at("2011-12-30T00:00:00Z")).unwrap();
        assert_eq!(before.end_ms, at("2011-12-30T10:00:00Z"));
        let after = period_bounds(CapPeriod::Day, "Pacific/Apia", before.end_ms).unwrap();
        assert_eq!(after.start_ms, before.end_ms);
    }

    #[test]
    fn months_and_weeks_end_where_the_calendar_says() {
        let month = |now| period_bounds(CapPeriod::Month, "Europe/Berlin", at(now)).unwrap();
        assert_eq!(month("2028-02-29T12:00:00Z").start_ms, at("2028-01-31T23:00:00Z"));
        assert_eq!(month("2028-02-29T12:00:00Z").end_ms, at("2028-02-29T23:00:00Z"));
        assert_eq!(month("2026-02-28T22:59:59Z").end_ms, at("2026-02-28T23:00:00Z"));
        assert_eq!(month("2026-12-31T22:59:59Z").end_ms, at("2026-12-31T23:00:00Z"));
        // 2026-11-22 is a Sunday.
        let week = period_bounds(CapPeriod::Week, "UTC", at("2026-11-22T23:59:59Z")).unwrap();
        assert_eq!(
            (week.start_ms, week.end_ms),
            (at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z"))
        );
    }

    #[test]
    fn the_reset_is_printed_with_date_time_and_zone() {
        let bounds = period_bounds(CapPeriod::Day, "Europe/Berlin", at("2026-11-21T12:00:00Z")).unwrap();
        assert_eq!(
            resets_text(bounds.end_ms, "Europe/Berlin").unwrap(),
            "2026-11-22 00:00 Europe/Berlin"
        );
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        let unknown = period_bounds(CapPeriod::Day, "Mars/Olympus", 0).unwrap_err();
        assert_eq!(unknown, PeriodError::UnknownTimeZone("Mars/Olympus".into()));
        assert!(unknown.to_string().contains("Europe/Berlin"));
        for now_ms in [i64::MIN, i64::MAX] {
            assert_eq!(
                period_bounds(CapPeriod::Day, "UTC", now_ms),
                Err(PeriodError::OutOfCalendar(now_ms))
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// BUD-8: periods tile time: each contains its moment, starts where the one before ended, and every moment
        /// inside it, the last millisecond included, finds the same period.
        #[test]
        fn periods_tile_time(
            zone in prop::sample::select(ZONES.as_slice()),
            period in prop::sample::select([CapPeriod::Day, CapPeriod::Week, CapPeriod::Month, CapPeriod::RollingHours(5)].as_slice()),
            now_ms in at("1990-01-01T00:00:00Z")..at("2060-01-01T00:00:00Z"),
        ) {
            let bounds = period_bounds(period, zone, now_ms).unwrap();
            prop_assert!(bounds.start_ms <= now_ms && now_ms < bounds.end_ms);
            prop_assert_eq!(period_bounds(period, zone, bounds.start_ms).unwrap(), bounds);
            prop_assert_eq!(period_bounds(period, zone, bounds.end_ms - 1).unwrap(), bounds);
            let next = period_bounds(period, zone, bounds.end_ms).unwrap();
            prop_assert_eq!(next.start_ms, bounds.end_ms);
            let before = period_bounds(period, zone, bounds.start_ms - 1).unwrap();
            prop_assert_eq!(before.end_ms, bounds.start_ms);
        }
    }
}
