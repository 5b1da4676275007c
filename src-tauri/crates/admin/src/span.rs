//! Spans of time fitted to rollup rows: which grain to read, how wide a chart's buckets are, where they start.

use weir_contract::model::time::TimeRange;
use weir_engine::store::Grain;

/// Most buckets a chart of sums has.
pub(crate) const MOST_BUCKETS: i64 = 90;
/// Most buckets a chart of percentiles has: with few requests in each, such a chart shows only noise.
pub(crate) const MOST_LATENCY_BUCKETS: i64 = 32;
/// Most buckets a chart of shares has, whose lines divide the requests once more.
pub(crate) const MOST_SHARE_BUCKETS: i64 = 16;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long minute rows are kept.
const MINUTES_KEPT_MS: i64 = 48 * HOUR_MS;
/// A page asks for "the last 48 hours" a moment after it read its clock; that moment must not cost it the minute rows.
const SLACK_MS: i64 = 2 * MINUTE_MS;
/// Widths that people read easily.
const NICE_MS: [i64; 12] = [
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
];

/// Buckets of a chart: `[from_ms + i * width_ms, from_ms + (i + 1) * width_ms)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buckets {
    pub(crate) grain: Grain,
    pub(crate) from_ms: i64,
    pub(crate) width_ms: i64,
    pub(crate) count: usize,
}

impl Buckets {
    /// The narrowest nice buckets that cover the range. They start at whole widths since 1970 in UTC, so that a chart
    /// that is read again a second later has the same buckets.
    pub(crate) fn covering(range: TimeRange, now_ms: i64, most: i64) -> Buckets {
        let grain = grain_of(range, now_ms);
        let fits = |width_ms: &i64| {
            *width_ms >= grain.length_ms() && aligned(range, *width_ms).length_ms() / width_ms <= most
        };
        let width_ms = NICE_MS.into_iter().find(fits).unwrap_or_else(|| {
            // Whole days; two buckets less than allowed, because both ends may be cut.
            DAY_MS * (range.length_ms() / (DAY_MS * (most - 2)) + 1)
        });
        let covered = aligned(range, width_ms);
        Buckets {
            grain,
            from_ms: covered.from_ms,
            width_ms,
            count: usize::try_from(covered.length_ms() / width_ms).unwrap_or(0),
        }
    }

    /// From the first bucket's start to the last one's end.
    pub(crate) fn range(&self) -> TimeRange {
        let length_ms = self.width_ms * i64::try_from(self.count).unwrap_or(0);
        TimeRange {
            from_ms: self.from_ms,
            to_ms: self.from_ms + length_ms,
        }
    }

    /// Which bucket this moment is in; none outside.
    pub(crate) fn index(&self, at_ms: i64) -> Option<usize> {
        let index = usize::try_from((at_ms - self.from_ms).div_euclid(self.width_ms)).ok()?;
        (index < self.count).then_some(index)
    }
}

/// Minute rows for up to 48 hours of which all are still kept, else hour rows.
pub(crate) fn grain_of(range: TimeRange, now_ms: i64) -> Grain {
    let short = range.length_ms() <= MINUTES_KEPT_MS;
    if short && range.from_ms >= now_ms - MINUTES_KEPT_MS - SLACK_MS {
        Grain::Minute
    } else {
        Grain::Hour
    }
}

/// The range widened to whole steps at both ends.
pub(crate) fn aligned(range: TimeRange, step_ms: i64) -> TimeRange {
    let below = |at_ms: i64| at_ms.div_euclid(step_ms) * step_ms;
    TimeRange {
        from_ms: below(range.from_ms),
        to_ms: below(range.to_ms + step_ms - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, DAY_MS, Grain, HOUR_MS, MINUTE_MS, MOST_BUCKETS, TimeRange, aligned, grain_of};

    const NOW_MS: i64 = 1_790_000_000_123;

    fn last(length_ms: i64) -> TimeRange {
        TimeRange {
            from_ms: NOW_MS - length_ms,
            to_ms: NOW_MS,
        }
    }

    #[test]
    fn the_pages_ranges_get_nice_widths() {
        for (length_ms, width_ms, grain) in [
            (HOUR_MS, MINUTE_MS, Grain::Minute),
            (DAY_MS, 30 * MINUTE_MS, Grain::Minute),
            (2 * DAY_MS, HOUR_MS, Grain::Minute),
            (7 * DAY_MS, 2 * HOUR_MS, Grain::Hour),
            (30 * DAY_MS, 12 * HOUR_MS, Grain::Hour),
            (170 * DAY_MS, 2 * DAY_MS, Grain::Hour),
            (400 * DAY_MS, 5 * DAY_MS, Grain::Hour),
        ] {
            let buckets = Buckets::covering(last(length_ms), NOW_MS, MOST_BUCKETS);
            assert_eq!(
                (buckets.width_ms, buckets.grain),
                (width_ms, grain),
                "{length_ms} ms"
            );
        }
    }

    #[test]
    fn buckets_always_cover_the_range_and_are_never_too_many() {
        for minutes in (1..400 * 24 * 60).step_by(397) {
            let range = last(minutes * MINUTE_MS + 17);
            let buckets = Buckets::covering(range, NOW_MS, MOST_BUCKETS);
            assert!(
                (1..=MOST_BUCKETS).contains(&(buckets.count as i64)),
                "{minutes}: {buckets:?}"
            );
            assert!(
                buckets.from_ms <= range.from_ms && buckets.range().to_ms >= range.to_ms,
                "{minutes}"
            );
            assert_eq!(buckets.from_ms % buckets.width_ms, 0);
            assert_eq!(buckets.width_ms % buckets.grain.length_ms(), 0);
        }
    }

    #[test]
    fn an_old_hour_is_read_from_hour_rows() {
        let range = TimeRange {
            from_ms: NOW_MS - 10 * DAY_MS,
            to_ms: NOW_MS - 10 * DAY_MS + HOUR_MS,
        };
        let buckets = Buckets::covering(range, NOW_MS, MOST_BUCKETS);
        assert_eq!((buckets.grain, buckets.width_ms), (Grain::Hour, HOUR_MS));
    }

    #[test]
    fn a_moments_delay_keeps_minute_rows() {
        assert_eq!(grain_of(last(2 * DAY_MS), NOW_MS + 900), Grain::Minute);
        assert_eq!(grain_of(last(2 * DAY_MS), NOW_MS + HOUR_MS), Grain::Hour);
    }

    #[test]
    fn moments_fall_into_their_bucket() {
        let buckets = Buckets {
            grain: Grain::Minute,
            from_ms: 60_000,
            width_ms: 60_000,
            count: 2,
        };
        assert_eq!(buckets.index(59_999), None);
        assert_eq!(buckets.index(60_000), Some(0));
        assert_eq!(buckets.index(179_999), Some(1));
        assert_eq!(buckets.index(180_000), None);
    }

    #[test]
    fn alignment_widens_and_keeps_what_fits() {
        let range = TimeRange {
            from_ms: 61,
            to_ms: 119,
        };
        assert_eq!(
            aligned(range, 60),
            TimeRange {
                from_ms: 60,
                to_ms: 120
            }
        );
        assert_eq!(
            aligned(aligned(range, 60), 60),
            TimeRange {
                from_ms: 60,
                to_ms: 120
            }
        );
    }
}
