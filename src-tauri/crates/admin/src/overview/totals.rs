//! Sums and percentiles over a span, from rollups.

use crate::{Admin, from_store, span};
use weir_contract::{
    ApiError, NanoUsd,
    model::{chart::Totals, time::TimeRange},
};
use weir_engine::{
    metrics::bucket::percentile,
    store::{Counters, Dimension, Grain, LatencyPoint},
};

/// Over the range, widened to whole rows at both ends.
pub(super) async fn read(admin: &Admin, range: TimeRange, now_ms: i64) -> Result<Totals, ApiError> {
    let grain = span::grain_of(range, now_ms);
    sum(admin, grain, span::aligned(range, grain.length_ms())).await
}

/// Over the span of equal length before. It ends at a whole row at or before the range's start, so that no row counts
/// in both.
pub(super) async fn read_before(admin: &Admin, range: TimeRange, now_ms: i64) -> Result<Totals, ApiError> {
    let before = range.previous();
    let grain = span::grain_of(before, now_ms);
    let step_ms = grain.length_ms();
    let from_ms = before.from_ms.div_euclid(step_ms) * step_ms;
    let to_ms = before.to_ms.div_euclid(step_ms) * step_ms;
    if to_ms <= from_ms {
        return Ok(Totals::default());
    }
    sum(admin, grain, TimeRange { from_ms, to_ms }).await
}

async fn sum(admin: &Admin, grain: Grain, range: TimeRange) -> Result<Totals, ApiError> {
    let step_ms = range.length_ms();
    let store = &admin.store;
    let rows = store
        .rollup_series(Dimension::All, grain, range, step_ms)
        .await
        .map_err(from_store)?;
    let latencies = store
        .latency_series(grain, range, step_ms)
        .await
        .map_err(from_store)?;
    Ok(totals(rows.iter().map(|row| &row.counters), &latencies))
}

fn totals<'a>(rows: impl Iterator<Item = &'a Counters>, latencies: &[LatencyPoint]) -> Totals {
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
        let sum = totals([row, row].iter(), &latencies);
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
