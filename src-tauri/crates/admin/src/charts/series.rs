//! From rollup rows to a chart's series. Pure. Floats appear only here, for drawing, after everything is summed.

use crate::span::Buckets;
use std::collections::BTreeMap;
use weir_contract::{
    NanoUsd,
    model::{chart::Series, tier::Tier},
};
use weir_engine::{
    metrics::bucket::percentile,
    store::{LatencyPoint, RollupPoint},
};

/// Intents with a line of their own; the rest share "other".
const MOST_INTENTS: usize = 8;

/// Dollars, one band per tier that was used, cheapest first. A bucket without requests of any tier says nothing; a tier
/// without requests in a bucket that has some cost 0 there, so that bands stack.
pub(super) fn cost(buckets: &Buckets, rows: &[RollupPoint]) -> Vec<Series> {
    let mut busy = vec![false; buckets.count];
    let mut tiers: BTreeMap<&str, Vec<NanoUsd>> = BTreeMap::new();
    for row in rows {
        let Some(at) = buckets.index(row.at_ms) else {
            continue;
        };
        busy[at] |= row.counters.requests > 0;
        // Requests without a tier were answered by the cache or refused: they cost nothing.
        if Tier::parse(&row.value).is_none() && row.counters.cost_nanousd == 0 {
            continue;
        }
        let sums = tiers
            .entry(&row.value)
            .or_insert_with(|| vec![NanoUsd::ZERO; buckets.count]);
        sums[at] = sums[at].saturating_add(NanoUsd(row.counters.cost_nanousd));
    }
    tiers
        .into_iter()
        .map(|(tier, sums)| Series {
            name: shown(tier),
            values: sums
                .into_iter()
                .zip(&busy)
                .map(|(sum, busy)| busy.then(|| in_dollars(sum)))
                .collect(),
        })
        .collect()
}

/// Milliseconds: `p50`, `p95`, `p99` of each bucket.
pub(super) fn latency(buckets: &Buckets, points: &[LatencyPoint]) -> Vec<Series> {
    let mut counts: Vec<Vec<(i32, i64)>> = vec![Vec::new(); buckets.count];
    for point in points {
        if let Some(at) = buckets.index(point.at_ms) {
            counts[at].push((point.bucket, point.n));
        }
    }
    if counts.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    [("p50", 500), ("p95", 950), ("p99", 990)]
        .into_iter()
        .map(|(name, per_mille)| Series {
            name: name.to_owned(),
            values: counts
                .iter()
                .map(|counts| percentile(counts, per_mille).map(|us| us as f64 / 1_000.0))
                .collect(),
        })
        .collect()
}

/// A part and the whole it is of, per bucket.
type Shares = Vec<(i64, i64)>;

/// Percent of the requests that asked the cache, one line per intent; busiest first, the quiet ones together.
pub(super) fn hit_rate(buckets: &Buckets, rows: &[RollupPoint]) -> Vec<Series> {
    let mut intents: BTreeMap<&str, Shares> = BTreeMap::new();
    for row in rows {
        let Some(at) = buckets.index(row.at_ms) else {
            continue;
        };
        let asked = row.counters.hits + row.counters.misses;
        if asked > 0 {
            let share = &mut intents
                .entry(&row.value)
                .or_insert_with(|| vec![(0, 0); buckets.count])[at];
            share.0 += row.counters.hits;
            share.1 += asked;
        }
    }
    let mut ranked: Vec<(&str, Shares)> = intents.into_iter().collect();
    let traffic = |shares: &Shares| shares.iter().map(|(_, asked)| asked).sum::<i64>();
    // The map is sorted by name and the sort is stable, so equal traffic keeps one order from call to call.
    ranked.sort_by_key(|(_, shares)| std::cmp::Reverse(traffic(shares)));
    let rest = ranked.split_off(ranked.len().min(MOST_INTENTS));
    let mut series: Vec<Series> = ranked
        .into_iter()
        .map(|(intent, shares)| percent(shown(intent), &shares))
        .collect();
    if !rest.is_empty() {
        let mut other: Shares = vec![(0, 0); buckets.count];
        for (sum, share) in rest
            .iter()
            .flat_map(|(_, shares)| shares.iter().enumerate())
            .map(|(at, share)| (at, *share))
        {
            other[sum].0 += share.0;
            other[sum].1 += share.1;
        }
        series.push(percent("other".to_owned(), &other));
    }
    series
}

/// Percent of each rollout's requests that got the new variant, one line per rollout.
pub(super) fn rollout(buckets: &Buckets, rows: &[RollupPoint]) -> Vec<Series> {
    let mut rollouts: BTreeMap<&str, Shares> = BTreeMap::new();
    for row in rows {
        let (Some(at), Some((rollout, variant))) = (buckets.index(row.at_ms), row.value.split_once('='))
        else {
            continue;
        };
        let share = &mut rollouts
            .entry(rollout)
            .or_insert_with(|| vec![(0, 0); buckets.count])[at];
        share.0 += if variant == "new" {
            row.counters.requests
        } else {
            0
        };
        share.1 += row.counters.requests;
    }
    rollouts
        .into_iter()
        .map(|(rollout, shares)| percent(rollout.to_owned(), &shares))
        .collect()
}

fn percent(name: String, shares: &Shares) -> Series {
    let value = |(part, whole): &(i64, i64)| (*whole > 0).then(|| *part as f64 * 100.0 / *whole as f64);
    Series {
        name,
        values: shares.iter().map(value).collect(),
    }
}

fn in_dollars(amount: NanoUsd) -> f64 {
    amount.0 as f64 / NanoUsd::PER_USD as f64
}

fn shown(value: &str) -> String {
    if value.is_empty() {
        "none".to_owned()
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, LatencyPoint, RollupPoint, Series, cost, hit_rate, latency, rollout};
    use weir_engine::{
        metrics::bucket::{bucket_mid_us, bucket_of},
        store::{Counters, Grain},
    };

    const THREE: Buckets = Buckets {
        grain: Grain::Minute,
        from_ms: 0,
        width_ms: 60_000,
        count: 3,
    };

    fn row(minute: i64, value: &str, counters: Counters) -> RollupPoint {
        RollupPoint {
            at_ms: minute * 60_000,
            value: value.to_owned(),
            counters,
        }
    }

    fn named<'a>(series: &'a [Series], name: &str) -> &'a [Option<f64>] {
        &series.iter().find(|series| series.name == name).unwrap().values
    }

    #[test]
    fn cost_is_stacked_by_tier_and_silent_without_requests() {
        let paid = |cost_nanousd| Counters {
            requests: 1,
            cost_nanousd,
            ..Counters::default()
        };
        let rows = [
            row(0, "T0", paid(250_000_000)),
            row(0, "T2", paid(1_500_000_000)),
            row(
                1,
                "",
                Counters {
                    requests: 1,
                    hits: 1,
                    ..Counters::default()
                },
            ),
            row(9, "T3", paid(1)),
        ];
        let series = cost(&THREE, &rows);
        assert_eq!(
            series
                .iter()
                .map(|series| series.name.as_str())
                .collect::<Vec<_>>(),
            ["T0", "T2"]
        );
        assert_eq!(named(&series, "T0"), [Some(0.25), Some(0.0), None]);
        assert_eq!(named(&series, "T2"), [Some(1.5), Some(0.0), None]);
    }

    #[test]
    fn cost_without_a_tier_is_not_lost() {
        let rows = [row(
            0,
            "",
            Counters {
                requests: 1,
                cost_nanousd: 1_000_000_000,
                ..Counters::default()
            },
        )];
        assert_eq!(named(&cost(&THREE, &rows), "none"), [Some(1.0), None, None]);
    }

    #[test]
    fn latency_has_three_lines_in_milliseconds() {
        let bucket = bucket_of(20_000);
        let series = latency(
            &THREE,
            &[LatencyPoint {
                at_ms: 60_000,
                bucket,
                n: 3,
            }],
        );
        assert_eq!(series.len(), 3);
        let mid_ms = bucket_mid_us(bucket) as f64 / 1_000.0;
        assert_eq!(named(&series, "p99"), [None, Some(mid_ms), None]);
        assert!(latency(&THREE, &[]).is_empty());
    }

    #[test]
    fn hit_rate_counts_only_those_who_asked() {
        let asked = |hits, misses| Counters {
            requests: hits + misses + 5,
            hits,
            misses,
            bypassed: 5,
            ..Counters::default()
        };
        let series = hit_rate(
            &THREE,
            &[
                row(0, "faq", asked(3, 1)),
                row(1, "faq", asked(0, 2)),
                row(2, "faq", asked(0, 0)),
            ],
        );
        assert_eq!(named(&series, "faq"), [Some(75.0), Some(0.0), None]);
    }

    #[test]
    fn quiet_intents_share_a_line() {
        let rows: Vec<RollupPoint> = (1..=10)
            .map(|n| {
                row(
                    0,
                    &format!("intent{n:02}"),
                    Counters {
                        hits: 1,
                        misses: n,
                        ..Counters::default()
                    },
                )
            })
            .collect();
        let series = hit_rate(&THREE, &rows);
        assert_eq!(series.len(), 9);
        assert_eq!(series[0].name, "intent10");
        assert_eq!(series[8].name, "other");
        // intent01 and intent02: two hits of five.
        assert_eq!(named(&series, "other")[0], Some(40.0));
    }

    #[test]
    fn rollout_is_the_share_of_new() {
        let requests = |requests| Counters {
            requests,
            ..Counters::default()
        };
        let series = rollout(
            &THREE,
            &[
                row(0, "cheap=new", requests(1)),
                row(0, "cheap=old", requests(3)),
                row(1, "cheap=old", requests(2)),
            ],
        );
        assert_eq!(named(&series, "cheap"), [Some(25.0), Some(0.0), None]);
    }
}
