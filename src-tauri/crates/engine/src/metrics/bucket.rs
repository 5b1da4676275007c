//! Latency buckets, 2 % wide and fixed for ever, stored as rows: percentiles of any span and any group come from
//! adding counts, the same in both databases. Bounds are whole microseconds, so no float decides a bucket.

use std::sync::LazyLock;

/// The longest duration told apart: ten days. Longer ones count in the last bucket.
const LONGEST_US: i64 = 864_000_000_000;

/// The largest duration of each bucket. Short ones have a bucket per microsecond; from 100 µs on each is at most
/// 2 % wider than the one before. These numbers are in databases: never change how they are made.
static UPPER_US: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut bounds = vec![0];
    let mut upper = 0_i64;
    while upper < LONGEST_US {
        upper = (upper + 1).max(upper * 102 / 100);
        bounds.push(upper);
    }
    bounds
});

/// The bucket of a duration in microseconds. Negative durations, which only a broken clock makes, count as zero.
#[must_use]
pub fn bucket_of(duration_us: i64) -> i32 {
    let bounds = &*UPPER_US;
    let at = bounds.partition_point(|upper| *upper < duration_us);
    as_bucket(at.min(bounds.len() - 1))
}

/// The longest duration in a bucket, in microseconds.
#[must_use]
pub fn bucket_upper_us(bucket: i32) -> i64 {
    UPPER_US[as_index(bucket)]
}

/// The duration that stands for a bucket, in microseconds: its middle, at most 1 % from anything in it.
#[must_use]
pub fn bucket_mid_us(bucket: i32) -> i64 {
    let index = as_index(bucket);
    let upper = UPPER_US[index];
    let lowest = match index.checked_sub(1) {
        Some(below) => UPPER_US[below] + 1,
        None => upper,
    };
    lowest + (upper - lowest) / 2
}

/// The duration, in microseconds, that this share of the calls did not exceed (nearest rank), from rows of bucket and
/// count in any order, repeated buckets added. `per_mille` is 500 for p50, 990 for p99, 999 for p99.9. None without calls.
#[must_use]
pub fn percentile(counts: &[(i32, i64)], per_mille: u32) -> Option<i64> {
    let mut counts: Vec<(i32, i128)> = counts
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(bucket, n)| (*bucket, i128::from(*n)))
        .collect();
    counts.sort_unstable_by_key(|(bucket, _)| *bucket);
    let total: i128 = counts.iter().map(|(_, n)| n).sum();
    let rank = (total * i128::from(per_mille.min(1_000)) + 999) / 1_000;
    let rank = rank.max(1);
    let mut seen = 0;
    for (bucket, n) in counts {
        seen += n;
        if seen >= rank {
            return Some(bucket_mid_us(bucket));
        }
    }
    None
}

fn as_bucket(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

fn as_index(bucket: i32) -> usize {
    usize::try_from(bucket).unwrap_or(0).min(UPPER_US.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_US, UPPER_US, bucket_mid_us, bucket_of, bucket_upper_us, percentile};
    use proptest::prelude::*;

    #[test]
    fn bounds_are_the_ones_in_databases() {
        assert_eq!(bucket_of(-1), 0);
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(100), 100);
        assert_eq!(bucket_of(1_000_000), 579);
        assert_eq!(bucket_of(i64::MAX), 1269);
        assert_eq!(bucket_upper_us(bucket_of(LONGEST_US)), *UPPER_US.last().unwrap());
    }

    #[test]
    fn strange_bucket_numbers_do_not_panic() {
        for bucket in [i32::MIN, -1, 0, 1, i32::MAX] {
            assert!(bucket_mid_us(bucket) <= bucket_upper_us(bucket));
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(percentile(&[], 500), None);
        assert_eq!(percentile(&[(3, 0), (4, -2)], 500), None);
    }

    #[test]
    fn the_extremes_are_the_first_and_the_last() {
        let counts = [(50, 1), (10, 1), (30, 1)];
        assert_eq!(percentile(&counts, 0), Some(10));
        assert_eq!(percentile(&counts, 500), Some(30));
        assert_eq!(percentile(&counts, 1_000), Some(50));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_duration_is_in_its_bucket_and_the_middle_is_close(duration_us in 0..=LONGEST_US) {
            let bucket = bucket_of(duration_us);
            prop_assert!(duration_us <= bucket_upper_us(bucket));
            prop_assert!(bucket == 0 || duration_us > bucket_upper_us(bucket - 1));
            let off = (bucket_mid_us(bucket) - duration_us).abs();
            prop_assert!(off * 100 <= duration_us, "{} us for {} us", bucket_mid_us(bucket), duration_us);
        }

        /// Merged from shards, against the exact nearest-rank percentile of the raw durations: within 2 %.
        #[test]
        fn merged_percentiles_are_within_two_percent(
            shards in prop::collection::vec(prop::collection::vec((0..30_u32, 0..1_000_000_i64), 1..40), 1..8),
            per_mille in 0..=1_000_u32,
        ) {
            let mut raw = Vec::new();
            let mut rows = Vec::new();
            for (scale, fraction) in shards.into_iter().flatten() {
                let duration_us = (1_i64 << scale) + ((1_i64 << scale) * fraction) / 1_000_000;
                raw.push(duration_us);
                rows.push((bucket_of(duration_us), 1));
            }
            raw.sort_unstable();
            let rank = (raw.len() as u64 * u64::from(per_mille)).div_ceil(1_000).max(1) as usize;
            let exact = raw[rank - 1];
            let merged = percentile(&rows, per_mille).unwrap();
            prop_assert!((merged - exact).abs() * 50 <= exact, "{} for {}", merged, exact);
        }
    }
}
