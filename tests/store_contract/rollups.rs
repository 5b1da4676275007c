//! Rollups, against sums over the same requests in memory.

use crate::sample::{Draw, START_MS, bare};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus},
        time::TimeRange,
    },
};
use weir_engine::{
    metrics::bucket::bucket_of,
    store::{Counters, Dimension, Grain, Store},
};

const HOUR_MS: i64 = 3_600_000;

fn values(row: &RequestRow, dimension: Dimension) -> Vec<String> {
    match dimension {
        Dimension::All => vec![String::new()],
        Dimension::Tier => vec![row.tier.map_or(String::new(), |tier| tier.as_str().to_owned())],
        Dimension::Provider => vec![row.provider.clone()],
        Dimension::Model => vec![row.model.clone()],
        Dimension::Intent => vec![row.intent.clone()],
        Dimension::Key => vec![row.key_id.clone()],
        Dimension::Variant => row.variants.clone(),
        Dimension::User => vec![row.user.clone()],
        Dimension::Team => vec![row.team.clone()],
        Dimension::Event => vec![row.event.clone()],
    }
}

fn count(sum: &mut Counters, row: &RequestRow) {
    sum.requests += 1;
    sum.hits += i64::from(row.cache.is_hit());
    sum.misses += i64::from(row.cache == CacheOutcome::Miss);
    sum.bypassed += i64::from(row.cache == CacheOutcome::Bypass);
    sum.errors += i64::from([RequestStatus::Failed, RequestStatus::Cut].contains(&row.status));
    sum.refused += i64::from(row.status == RequestStatus::Refused);
    sum.cost_nanousd += row.cost_nanousd.0;
    sum.saved_nanousd += row.saved_nanousd.0;
    if row.cost_basis == CostBasis::Unsettled {
        sum.unsettled_nanousd += row.cost_nanousd.0;
    }
    sum.price_unknown += i64::from(row.price_unknown);
    sum.simulated += i64::from(row.simulated);
    sum.input_tokens += row.tokens.input;
    sum.cache_read_tokens += row.tokens.cache_read;
    sum.cache_write_tokens += row.tokens.cache_write;
    sum.output_tokens += row.tokens.output;
    sum.reasoning_tokens += row.tokens.reasoning;
}

async fn check(store: &Arc<dyn Store>, rows: &[RequestRow], grain: Grain, range: TimeRange, step_ms: i64) {
    let step_of = |row: &RequestRow| range.from_ms + (row.started_ms - range.from_ms) / step_ms * step_ms;
    let inside: Vec<_> = rows
        .iter()
        .filter(|row| (range.from_ms..range.to_ms).contains(&row.started_ms))
        .collect();
    for dimension in Dimension::ALL {
        // Values that come from clients are kept by the hour only.
        let by_hour = matches!(dimension, Dimension::User | Dimension::Team | Dimension::Event);
        if by_hour && grain == Grain::Minute {
            continue;
        }
        let mut wanted: BTreeMap<(i64, String), Counters> = BTreeMap::new();
        for row in &inside {
            for value in values(row, dimension) {
                count(wanted.entry((step_of(row), value)).or_default(), row);
            }
        }
        let series = store
            .rollup_series(dimension, grain, range, step_ms)
            .await
            .unwrap();
        assert!(
            series.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms),
            "ordered by time"
        );
        let n = series.len();
        let got: BTreeMap<_, _> = series
            .into_iter()
            .map(|point| ((point.at_ms, point.value), point.counters))
            .collect();
        assert_eq!(got.len(), n, "one point per step and value");
        assert_eq!(got, wanted, "{dimension:?} {grain:?} {range:?} {step_ms}");
    }
    let mut wanted: BTreeMap<(i64, i32), i64> = BTreeMap::new();
    for row in inside.iter().filter(|row| row.status == RequestStatus::Ok) {
        *wanted
            .entry((step_of(row), bucket_of(row.duration_us)))
            .or_default() += 1;
    }
    let series = store.latency_series(grain, range, step_ms).await.unwrap();
    let got: BTreeMap<_, _> = series
        .into_iter()
        .map(|point| ((point.at_ms, point.bucket), point.n))
        .collect();
    assert_eq!(got, wanted, "{grain:?} {range:?} {step_ms}");
}

pub(crate) async fn sums_equal_the_requests(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("sums_equal_the_requests");
    let mut rows = vec![];
    // In several parts, so that folds add to rows that are there.
    for _ in 0..4 {
        let part: Vec<_> = (0..50)
            .map(|_| {
                let at_ms = START_MS + draw.between(0, 6 * HOUR_MS);
                draw.row(at_ms)
            })
            .collect();
        let recorded = part.iter().map(|row| store.record(bare(row.clone())));
        for outcome in futures::future::join_all(recorded).await {
            outcome.unwrap();
        }
        rows.extend(part);
        store.fold_rollups().await.unwrap();
    }
    for turn in 0..40 {
        let grain = if turn % 2 == 0 { Grain::Minute } else { Grain::Hour };
        let length_ms = grain.length_ms();
        let most = 6 * HOUR_MS / length_ms;
        let (a, b) = (draw.between(-1, most), draw.between(0, most + 2));
        let range = TimeRange {
            from_ms: START_MS + a.min(b) * length_ms,
            to_ms: START_MS + a.max(b) * length_ms,
        };
        // Long steps are added up by whole hours and the minutes at their ends.
        let lengths = if turn % 4 == 0 { (120, 900) } else { (1, 9) };
        let step_ms = length_ms * draw.between(lengths.0, lengths.1);
        check(&store, &rows, grain, range, step_ms).await;
    }
}

pub(crate) async fn folding_again_counts_nothing_twice(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("folding_again_counts_nothing_twice");
    let row = draw.row(START_MS);
    store.record(bare(row.clone())).await.unwrap();
    for _ in 0..3 {
        store.fold_rollups().await.unwrap();
        store.record(bare(row.clone())).await.unwrap();
    }
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    check(&store, &[row], Grain::Hour, range, HOUR_MS).await;
}

pub(crate) async fn rollups_follow_by_themselves(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("rollups_follow_by_themselves");
    tokio::time::sleep(Duration::from_millis(50)).await;
    store.record(bare(draw.row(START_MS))).await.unwrap();
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    support::eventually("it is counted", || async {
        let series = store
            .rollup_series(Dimension::All, Grain::Minute, range, 60_000)
            .await
            .unwrap();
        (series.iter().map(|point| point.counters.requests).sum::<i64>() == 1).then_some(())
    })
    .await;
}

pub(crate) async fn statuses_count_where_they_belong(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("statuses_count_where_they_belong");
    for status in RequestStatus::ALL {
        let mut row = draw.row(START_MS);
        row.status = status;
        row.cost_nanousd = NanoUsd(1);
        store.record(bare(row)).await.unwrap();
    }
    store.fold_rollups().await.unwrap();
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    let series = store
        .rollup_series(Dimension::All, Grain::Hour, range, HOUR_MS)
        .await
        .unwrap();
    let sums = series[0].counters;
    assert_eq!(
        (sums.requests, sums.errors, sums.refused, sums.cost_nanousd),
        (5, 2, 1, 5)
    );
    let latency = store.latency_series(Grain::Hour, range, HOUR_MS).await.unwrap();
    assert_eq!(
        latency.iter().map(|point| point.n).sum::<i64>(),
        1,
        "only answered requests have a latency"
    );
}

pub(crate) async fn old_rollups_expire(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("old_rollups_expire");
    let day_ms = 24 * HOUR_MS;
    let now_ms = START_MS + 500 * day_ms;
    for days in [1, 3, 399, 401] {
        store
            .record(bare(draw.row(now_ms - days * day_ms)))
            .await
            .unwrap();
    }
    store.fold_rollups().await.unwrap();
    assert!(store.expire_rollups(now_ms).await.unwrap() > 0);
    assert_eq!(store.expire_rollups(now_ms).await.unwrap(), 0);
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: now_ms,
    };
    for (grain, kept) in [(Grain::Minute, 1), (Grain::Hour, 3)] {
        let series = store
            // No longer, or hours would stand in for the minutes.
            .rollup_series(Dimension::All, grain, range, HOUR_MS)
            .await
            .unwrap();
        let requests: i64 = series.iter().map(|point| point.counters.requests).sum();
        assert_eq!(requests, kept, "{grain:?}");
    }
}

pub(crate) async fn a_step_that_is_no_multiple_is_refused(store: Arc<dyn Store>) {
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    for step_ms in [0, -60_000, 1000, 90_000] {
        assert!(
            store
                .rollup_series(Dimension::All, Grain::Minute, range, step_ms)
                .await
                .is_err()
        );
        assert!(store.latency_series(Grain::Minute, range, step_ms).await.is_err());
    }
}

/// What Weir's own calls for the semantic cache cost, on both grains and with a request of another event beside them.
pub(crate) async fn audits_are_taken_off_the_savings(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("audits_are_taken_off_the_savings");
    for (event, cost_nanousd, saved_nanousd) in [
        ("", 5, 100),
        ("weir-audit", 20, 0),
        ("weir-embed", 4, 0),
        ("weir-judge", 6, 0),
        ("weir-audits", 7, 0),
    ] {
        let mut row = draw.row(START_MS);
        row.event = event.to_owned();
        row.intent = "faq".to_owned();
        row.cost_nanousd = NanoUsd(cost_nanousd);
        row.saved_nanousd = NanoUsd(saved_nanousd);
        store.record(bare(row)).await.unwrap();
    }
    store.fold_rollups().await.unwrap();
    let range = TimeRange {
        from_ms: START_MS,
        to_ms: START_MS + HOUR_MS,
    };
    for grain in [Grain::Minute, Grain::Hour] {
        for dimension in [Dimension::All, Dimension::Intent] {
            let found = store
                .rollup_series(dimension, grain, range, HOUR_MS)
                .await
                .unwrap();
            let sums: Vec<_> = found
                .iter()
                .map(|point| (point.counters.cost_nanousd, point.counters.saved_nanousd))
                .collect();
            assert_eq!(sums, [(42, 70)], "{dimension:?} by {grain:?}");
        }
    }
}
