//! Sums and percentiles over a span, from rollups.

use crate::{Admin, from_store, span};
use std::collections::{BTreeMap, BTreeSet};
use weir_contract::{
    ApiError, NanoUsd,
    model::{chart::Totals, time::TimeRange},
};
use weir_engine::{
    metrics::bucket::percentile,
    store::{Counters, Dimension, Grain, LatencyPoint},
};

/// Over the range, widened to whole rows at both ends, and over the span of equal length before, which ends where it starts.
pub(super) async fn read(admin: &Admin, range: TimeRange, now_ms: i64) -> Result<(Totals, Totals), ApiError> {
    let grain = span::grain_of(range, now_ms);
    let current = span::aligned(range, grain.length_ms());
    let before = current.previous();
    let grain_before = span::grain_of(range.previous(), now_ms);
    if grain == grain_before {
        let both = TimeRange {
            from_ms: before.from_ms,
            to_ms: current.to_ms,
        };
        let mut sums = sums(admin, grain, both, current.length_ms()).await?;
        return Ok((
            sums.remove(&current.from_ms).unwrap_or_default(),
            sums.remove(&before.from_ms).unwrap_or_default(),
        ));
    }
    let before = whole_before(range.previous(), grain_before.length_ms());
    Ok((
        sum(admin, grain, current).await?,
        sum(admin, grain_before, before).await?,
    ))
}

/// It ends at a whole row at or before the range's end, so that no row counts in the range after it, too.
fn whole_before(before: TimeRange, step_ms: i64) -> TimeRange {
    TimeRange {
        from_ms: before.from_ms.div_euclid(step_ms) * step_ms,
        to_ms: before.to_ms.div_euclid(step_ms) * step_ms,
    }
}

async fn sum(admin: &Admin, grain: Grain, range: TimeRange) -> Result<Totals, ApiError> {
    if range.length_ms() <= 0 {
        return Ok(Totals::default());
    }
    let mut sums = sums(admin, grain, range, range.length_ms()).await?;
    Ok(sums.remove(&range.from_ms).unwrap_or_default())
}

/// Of each span of this length, by its start.
async fn sums(
    admin: &Admin,
    grain: Grain,
    range: TimeRange,
    step_ms: i64,
) -> Result<BTreeMap<i64, Totals>, ApiError> {
    let store = &admin.store;
    let (rows, latencies) = tokio::try_join!(
        store.rollup_series(Dimension::All, grain, range, step_ms),
        store.latency_series(grain, range, step_ms),
    )
    .map_err(from_store)?;
    let starts = rows
        .iter()
        .map(|row| row.at_ms)
        .chain(latencies.iter().map(|point| point.at_ms));
    let starts: BTreeSet<i64> = starts.collect();
    let of = |start_ms: i64| {
        let counters = rows.iter().filter(|row| row.at_ms == start_ms);
        let points: Vec<_> = latencies.iter().filter(|point| point.at_ms == start_ms).collect();
        (start_ms, totals(counters.map(|row| &row.counters), &points))
    };
    Ok(starts.into_iter().map(of).collect())
}

fn totals<'a>(rows: impl Iterator<Item = &'a Counters>, latencies: &[&LatencyPoint]) -> Totals {
    let mut sum = Totals::default();
    for row in rows {
        sum.requests += row.requests;
        sum.hits += row.hits;
        sum.misses += row.misses;
        sum.bypassed += row.bypassed;
        sum.errors += row.errors;
        sum.refused += row.refused;
        sum.cost_nanousd = sum.cost_nanousd.saturating_add(NanoUsd(row.cost_nanousd));
        sum.saved_nanousd = sum.saved_nanousd.saturating_add(NanoUsd(row.saved_nanousd));
        sum.unsettled_nanousd = sum
            .unsettled_nanousd
            .saturating_add(NanoUsd(row.unsettled_nanousd));
        sum.price_unknown += row.price_unknown;
        sum.simulated += row.simulated;
    }
    let counts: Vec<(i32, i64)> = latencies.iter().map(|point| (point.bucket, point.n)).collect();
    sum.p50_us = percentile(&counts, 500);
    sum.p95_us = percentile(&counts, 950);
    sum.p99_us = percentile(&counts, 990);
    sum
}

#[cfg(test)]
mod tests {
    use super::{Counters, LatencyPoint, NanoUsd, totals};
    use weir_engine::metrics::bucket::{bucket_mid_us, bucket_of};

    #[test]
    fn rows_add_up_and_percentiles_merge() {
        let row = Counters {
            requests: 2,
            hits: 1,
            misses: 1,
            errors: 1,
            cost_nanousd: 7,
            saved_nanousd: 3,
            ..Counters::default()
        };
        let slow = bucket_of(900_000);
        let fast = bucket_of(1_000);
        let latencies = [
            LatencyPoint {
                at_ms: 0,
                bucket: slow,
                n: 2,
            },
            LatencyPoint {
                at_ms: 0,
                bucket: fast,
                n: 60,
            },
            LatencyPoint {
                at_ms: 60_000,
                bucket: fast,
                n: 38,
            },
        ];
        let sum = totals([row, row].iter(), &latencies.each_ref());
        assert_eq!((sum.requests, sum.hits, sum.misses, sum.errors), (4, 2, 2, 2));
        assert_eq!((sum.cost_nanousd, sum.saved_nanousd), (NanoUsd(14), NanoUsd(6)));
        assert_eq!(
            (sum.p50_us, sum.p99_us),
            (Some(bucket_mid_us(fast)), Some(bucket_mid_us(slow)))
        );
    }

    #[test]
    fn nothing_has_no_percentiles() {
        let sum = totals([].iter(), &[]);
        assert_eq!((sum.requests, sum.p50_us, sum.p95_us), (0, None, None));
    }
}
