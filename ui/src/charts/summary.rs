//! One sentence that says what a chart shows, for its caption and for screen readers.

use super::scale::value_text;
use crate::{format, local_time};
use weir_contract::model::chart::{ChartData, ChartKind, Series};

/// What a chart without a single value says.
pub const EMPTY: &str = "No requests in this range yet.";

/// True when no bucket of any series has a value.
#[must_use]
pub fn is_empty(data: &ChartData) -> bool {
    data.series
        .iter()
        .all(|series| series.values.iter().all(Option::is_none))
}

/// The caption.
#[must_use]
pub fn sentence(data: &ChartData, offset_minutes: i64) -> String {
    if is_empty(data) {
        return EMPTY.to_owned();
    }
    let width = format::seconds((data.bucket_ms / 1_000).unsigned_abs());
    match data.kind {
        ChartKind::Cost => cost(data, &width, offset_minutes),
        ChartKind::Latency => latency(data, &width),
        ChartKind::HitRate => format!("Latest by intent: {}. {width} buckets.", latest_three(data)),
        ChartKind::Rollout => format!(
            "Latest share on the new variant: {}. {width} buckets.",
            latest_three(data)
        ),
    }
}

fn cost(data: &ChartData, width: &str, offset_minutes: i64) -> String {
    let sum_at = |index: usize| -> f64 {
        data.series
            .iter()
            .filter_map(|series| series.values.get(index).copied().flatten())
            .sum()
    };
    let total: f64 = (0..data.buckets).map(sum_at).sum();
    let highest = (0..data.buckets)
        .map(|index| (index, sum_at(index)))
        .max_by(|left, right| left.1.total_cmp(&right.1));
    let (index, peak) = highest.unwrap_or((0, 0.0));
    let moment = |at_ms: i64| {
        let (day, clock) = (
            local_time::day(at_ms, offset_minutes),
            local_time::clock(at_ms, offset_minutes),
        );
        format!("{day} {clock}")
    };
    // Bars are whole, so the first may begin before the range whose spend stands above the chart.
    format!(
        "{} since {}; the highest {width} cost {} at {}.",
        format::dollars(total),
        moment(data.from_ms),
        format::dollars(peak),
        moment(data.from_ms + index as i64 * data.bucket_ms)
    )
}

fn latency(data: &ChartData, width: &str) -> String {
    let middle = data
        .series
        .iter()
        .find(|series| series.name == "p95")
        .or(data.series.first());
    let values: Vec<f64> = middle
        .map(|series| series.values.iter().flatten().copied().collect())
        .unwrap_or_default();
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(0.0, f64::max);
    let [lowest, highest] = format::durations_alike_us([lowest, highest].map(|ms| (ms * 1e3).round() as i64));
    format!(
        "{} between {lowest} and {highest}. {width} buckets.",
        middle.map_or("p95", |series| series.name.as_str())
    )
}

fn latest(series: &Series) -> Option<f64> {
    series.values.iter().rev().flatten().next().copied()
}

fn latest_three(data: &ChartData) -> String {
    let named = data.series.iter().filter_map(|series| {
        latest(series).map(|value| format!("{} {}", series.name, value_text(data.kind, value)))
    });
    named.take(3).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_name_the_figure_and_its_unit() {
        let series = vec![Series {
            name: "p95".into(),
            values: vec![Some(100.0), Some(250.0)],
        }];
        let mut data = ChartData {
            kind: ChartKind::Latency,
            from_ms: 0,
            bucket_ms: 600_000,
            buckets: 2,
            series,
        };
        assert_eq!(
            sentence(&data, 0),
            "p95 between 100\u{a0}ms and 250\u{a0}ms. 10\u{a0}min buckets."
        );
        data.kind = ChartKind::Cost;
        assert_eq!(
            sentence(&data, 0),
            "$350.00 since 1 Jan 00:00; the highest 10\u{a0}min cost $250.00 at 1 Jan 00:10."
        );
        data.series.clear();
        assert_eq!(sentence(&data, 0), EMPTY);
    }
}
