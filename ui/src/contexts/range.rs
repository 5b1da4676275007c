//! The span of time that all screens look at; it travels in the hash.

use crate::{local_time, route::Route};
use weir_contract::model::time::TimeRange;

/// What the picker offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeChoice {
    Hour,
    Day,
    Week,
    Month,
    Custom(TimeRange),
}

const MINUTE_MS: i64 = 60_000;

impl RangeChoice {
    /// The presets, shortest first.
    pub const PRESETS: [RangeChoice; 4] = [
        RangeChoice::Hour,
        RangeChoice::Day,
        RangeChoice::Week,
        RangeChoice::Month,
    ];

    /// Reads `range=24h`, or `from` and `to` in UNIX milliseconds; none when the query says nothing usable.
    #[must_use]
    pub fn from_route(route: &Route) -> Option<RangeChoice> {
        if let Some(name) = route.get("range") {
            return RangeChoice::PRESETS
                .into_iter()
                .find(|choice| choice.label() == name);
        }
        let from_ms: i64 = route.get("from")?.parse().ok()?;
        let to_ms: i64 = route.get("to")?.parse().ok()?;
        (from_ms < to_ms).then_some(RangeChoice::Custom(TimeRange { from_ms, to_ms }))
    }

    /// The query that [`RangeChoice::from_route`] reads.
    #[must_use]
    pub fn query(self) -> Vec<(String, String)> {
        match self {
            RangeChoice::Custom(range) => vec![
                ("from".to_owned(), range.from_ms.to_string()),
                ("to".to_owned(), range.to_ms.to_string()),
            ],
            preset => vec![("range".to_owned(), preset.label().to_owned())],
        }
    }

    /// The picker's word.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            RangeChoice::Hour => "1h",
            RangeChoice::Day => "24h",
            RangeChoice::Week => "7d",
            RangeChoice::Month => "30d",
            RangeChoice::Custom(_) => "custom",
        }
    }

    /// The word for the span before it, to compare against.
    #[must_use]
    pub fn previous_label(self) -> &'static str {
        match self {
            RangeChoice::Hour => "vs hour before",
            RangeChoice::Day => "vs day before",
            RangeChoice::Week => "vs week before",
            RangeChoice::Month => "vs 30 d before",
            RangeChoice::Custom(_) => "vs span before",
        }
    }

    /// The span itself. It ends on the next full minute, so that answers stay equal between two refreshes.
    #[must_use]
    pub fn resolve(self, now_ms: i64) -> TimeRange {
        let hours = match self {
            RangeChoice::Hour => 1,
            RangeChoice::Day => 24,
            RangeChoice::Week => 168,
            RangeChoice::Month => 720,
            RangeChoice::Custom(range) => return range,
        };
        let to_ms = (now_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS;
        TimeRange {
            from_ms: to_ms - hours * 60 * MINUTE_MS,
            to_ms,
        }
    }
}

/// Reads the two fields of the custom range; the error says what to correct.
///
/// # Errors
/// When a field is empty or unreadable, the order is wrong, or the span is longer than 400 days.
pub fn custom(from: &str, to: &str, offset_minutes: i64) -> Result<TimeRange, String> {
    let from_ms = local_time::parse_input(from, offset_minutes).ok_or("Choose when the range starts.")?;
    let to_ms = local_time::parse_input(to, offset_minutes).ok_or("Choose when the range ends.")?;
    if from_ms >= to_ms {
        return Err("The range must start before it ends.".to_owned());
    }
    if to_ms - from_ms > 400 * 86_400_000 {
        return Err("The range may be at most 400 days long.".to_owned());
    }
    Ok(TimeRange { from_ms, to_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_travel_in_the_hash() {
        let span = TimeRange {
            from_ms: 1_000,
            to_ms: 2_000,
        };
        for choice in [RangeChoice::Hour, RangeChoice::Month, RangeChoice::Custom(span)] {
            let route = Route {
                page: crate::route::Page::Overview,
                query: choice.query(),
            };
            assert_eq!(RangeChoice::from_route(&route), Some(choice));
        }
    }

    #[test]
    fn a_preset_stays_put_within_a_minute() {
        assert_eq!(
            RangeChoice::Day.resolve(60_001),
            RangeChoice::Day.resolve(119_999)
        );
        assert_eq!(RangeChoice::Hour.resolve(0).length_ms(), 3_600_000);
    }

    #[test]
    fn bad_custom_ranges_say_what_to_correct() {
        assert!(custom("", "2026-01-01T00:00", 0).is_err());
        assert!(custom("2026-01-02T00:00", "2026-01-01T00:00", 0).is_err());
        assert!(custom("2024-01-02T00:00", "2026-01-01T00:00", 0).is_err());
        assert!(custom("2026-01-01T00:00", "2026-01-01T00:01", 0).is_ok());
    }
}
