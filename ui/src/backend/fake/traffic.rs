//! Made-up totals and series. Deterministic: a bucket's values depend only on its moment.

use super::{seed::INTENTS, shelf::Shelf};
use weir_contract::{
    NanoUsd,
    model::{
        cache::{CacheStats, IntentCacheStats, Verdict},
        chart::{Attention, ChartData, ChartKind, Overview, Series, Totals},
        gateway::ProfileKind,
        time::TimeRange,
    },
};

const HOUR_MS: f64 = 3_600_000.0;
/// Bucket widths in minutes, as the gateway would choose them.
const WIDTHS_MIN: [i64; 9] = [1, 2, 5, 10, 15, 30, 60, 240, 720];
const MOST_BUCKETS: i64 = 180;

/// A number in 0..1 that is always the same for the same seed.
pub(super) fn noise(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Busy at midday, quiet at night, a little different each day.
fn load(ms: i64) -> f64 {
    let hours = ms as f64 / HOUR_MS;
    let day_shape = 0.55 + 0.45 * ((hours - 8.0) / 24.0 * std::f64::consts::TAU).sin();
    let weekly = 0.9 + 0.1 * (hours / 168.0 * std::f64::consts::TAU).cos();
    day_shape * weekly
}

fn is_empty(shelf: &Shelf) -> bool {
    shelf.profile != Some(ProfileKind::Sample)
}

fn bucket_ms(range: TimeRange) -> i64 {
    let minutes = range.length_ms() / 60_000;
    let width = WIDTHS_MIN
        .into_iter()
        .find(|width| minutes / width < MOST_BUCKETS);
    width.unwrap_or(WIDTHS_MIN[WIDTHS_MIN.len() - 1]) * 60_000
}

pub(super) fn chart(shelf: &Shelf, kind: ChartKind, range: TimeRange) -> ChartData {
    let bucket_ms = bucket_ms(range);
    let from_ms = range.from_ms.div_euclid(bucket_ms) * bucket_ms;
    let buckets = ((range.to_ms - from_ms + bucket_ms - 1) / bucket_ms) as usize;
    let names: Vec<&str> = match kind {
        ChartKind::Cost => vec!["T0", "T1", "T2", "T3"],
        ChartKind::Latency => vec!["p50", "p95", "p99"],
        ChartKind::HitRate => INTENTS.iter().map(|intent| intent.0).collect(),
        ChartKind::Rollout => vec!["cheaper-summaries", "short-answers"],
    };
    let names = if is_empty(shelf) { Vec::new() } else { names };
    let series = names
        .into_iter()
        .enumerate()
        .map(|(line, name)| Series {
            name: name.to_owned(),
            values: (0..buckets as i64)
                .map(|index| value(kind, line, from_ms + index * bucket_ms, bucket_ms, range))
                .collect(),
        })
        .collect();
    ChartData {
        kind,
        from_ms,
        bucket_ms,
        buckets,
        series,
    }
}

fn value(kind: ChartKind, line: usize, at_ms: i64, bucket_ms: i64, range: TimeRange) -> Option<f64> {
    let seed = (at_ms / bucket_ms) as u64 * 31 + line as u64 * 7_919 + kind as u64 * 104_729;
    let jitter = 0.5 * smooth(at_ms, bucket_ms * 7, line, kind)
        + 0.3 * smooth(at_ms, bucket_ms * 3, line, kind)
        + 0.2 * noise(seed);
    match kind {
        ChartKind::Cost => {
            let per_hour = [0.05, 0.21, 0.34, 0.16][line];
            Some(per_hour * load(at_ms) * (0.7 + 0.6 * jitter) * bucket_ms as f64 / HOUR_MS)
        }
        ChartKind::Latency => {
            let base = [310.0, 1_180.0, 2_350.0][line];
            Some(base * (0.82 + 0.25 * load(at_ms) + [0.08, 0.2, 0.4][line] * jitter))
        }
        ChartKind::HitRate => {
            let quiet = line == 5 && jitter < 0.35;
            (!quiet).then(|| 100.0 * (INTENTS[line].2 + 0.09 * (jitter - 0.5)).clamp(0.0, 1.0))
        }
        ChartKind::Rollout => {
            let through = (at_ms - range.from_ms) as f64 / range.length_ms().max(1) as f64;
            let steps: &[f64] = if line == 0 {
                &[1.0, 5.0, 10.0, 25.0]
            } else {
                &[0.0, 0.0, 5.0, 10.0]
            };
            let step = steps[((through * 4.0) as usize).min(3)];
            Some((step + step * 0.16 * (jitter - 0.5)).max(0.0))
        }
    }
}

/// Noise that changes slowly, so that lines look measured and not shaken.
fn smooth(at_ms: i64, step_ms: i64, line: usize, kind: ChartKind) -> f64 {
    let place = at_ms.div_euclid(step_ms);
    let share = at_ms.rem_euclid(step_ms) as f64 / step_ms as f64;
    let at = |place: i64| noise(place as u64 * 131 + line as u64 * 7_919 + kind as u64 * 104_729);
    let ease = share * share * (3.0 - 2.0 * share);
    at(place) * (1.0 - ease) + at(place + 1) * ease
}

fn totals(shelf: &Shelf, range: TimeRange) -> Totals {
    if is_empty(shelf) {
        return Totals::default();
    }
    let chart = chart(shelf, ChartKind::Cost, range);
    let spend: f64 = chart
        .series
        .iter()
        .flat_map(|series| series.values.iter().flatten())
        .sum();
    let requests = (spend * 416.0) as i64;
    let (hits, misses) = (requests * 44 / 100, requests * 48 / 100);
    Totals {
        requests,
        hits,
        misses,
        bypassed: requests - hits - misses,
        errors: requests * 7 / 1_000,
        refused: requests * 3 / 1_000,
        cost_nanousd: NanoUsd((spend * 1e9) as i64),
        saved_nanousd: NanoUsd((spend * 0.83e9) as i64),
        unsettled_nanousd: NanoUsd((spend * 0.004e9) as i64),
        price_unknown: 0,
        simulated: requests,
        p50_us: Some(338_000),
        p95_us: Some(1_274_000),
        p99_us: Some(2_610_000),
    }
}

pub(super) fn overview(shelf: &Shelf, range: TimeRange) -> Overview {
    let current = totals(shelf, range);
    let mut previous = totals(shelf, range.previous());
    previous.p95_us = previous.p95_us.map(|us| us + 118_000);
    previous.hits = previous.hits * 95 / 100;
    previous.cost_nanousd = NanoUsd(previous.cost_nanousd.0 / 100 * 107);
    let attention = |page: &str, message: &str| Attention {
        page: page.to_owned(),
        message: message.to_owned(),
    };
    let attention = if is_empty(shelf) {
        Vec::new()
    } else {
        vec![
            attention(
                "budgets",
                "Cap \"top-tier-monthly\" is at 85.7 % of $400.00 with 9 days to go.",
            ),
            attention(
                "settings",
                "The key of provider \"openai\" is missing; T1 falls back to the simulated provider.",
            ),
            attention(
                "limits",
                "37 requests were refused by \"user-per-minute\" since the start.",
            ),
        ]
    };
    Overview {
        range,
        current,
        previous,
        attention,
        as_of_ms: shelf.now_ms,
    }
}

pub(super) fn cache_stats(shelf: &Shelf, range: TimeRange) -> CacheStats {
    let totals = totals(shelf, range);
    let stored = super::entries::extent(shelf, &weir_contract::model::cache::CacheSelector::All);
    let intents = if is_empty(shelf) {
        Vec::new()
    } else {
        INTENTS
            .iter()
            .map(|intent| intent_stats(*intent, totals))
            .collect()
    };
    CacheStats {
        stored,
        memory_entries: stored.entries / 2,
        memory_bytes: stored.bytes / 2,
        hits: totals.hits,
        misses: totals.misses,
        bypassed: totals.bypassed,
        saved_nanousd: totals.saved_nanousd,
        verdict: if totals.requests == 0 {
            Verdict::TooFew
        } else {
            Verdict::Good
        },
        reason: if totals.requests == 0 {
            "Fewer than 20 requests asked the cache."
        } else {
            "More than 40 % of the requests that asked were hits."
        }
        .to_owned(),
        intents,
    }
}

fn intent_stats((name, share, hit_rate): (&str, f64, f64), totals: Totals) -> IntentCacheStats {
    let asked = (totals.requests as f64 * share * 0.92) as i64;
    let hits = (asked as f64 * hit_rate) as i64;
    let (verdict, reason) = match hit_rate {
        rate if rate >= 0.4 => (Verdict::Good, "Repeats are served from the cache."),
        rate if rate >= 0.1 => (
            Verdict::Ok,
            "Some repeats; a cache key with entities would find more.",
        ),
        _ => (
            Verdict::Review,
            "Almost every request is new; caching it hardly pays.",
        ),
    };
    IntentCacheStats {
        intent: name.to_owned(),
        hits,
        misses: asked - hits,
        bypassed: (totals.requests as f64 * share * 0.08) as i64,
        saved_nanousd: NanoUsd((totals.saved_nanousd.0 as f64 * share * hit_rate / 0.47) as i64),
        verdict,
        reason: reason.to_owned(),
    }
}
