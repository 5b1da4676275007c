//! A chart's upward scale: its top, its steps, and how values read with their unit.

use super::ticks;
use crate::format;
use weir_contract::model::chart::{ChartData, ChartKind, Series};

/// A chart's value with its unit.
#[must_use]
pub fn value_text(kind: ChartKind, value: f64) -> String {
    match kind {
        ChartKind::Cost => format::dollars(value),
        ChartKind::Latency => format::milliseconds(value),
        ChartKind::HitRate | ChartKind::Rollout => format::percent_points(value),
    }
}

/// Labels of the upward axis: one unit and as many decimals as the step needs, so that the labels are alike.
pub struct AxisText {
    kind: ChartKind,
    /// What a value is multiplied by to be in the axis' unit.
    factor: f64,
    unit: &'static str,
    decimals: usize,
}

impl AxisText {
    /// The labels of a scale with this step and top.
    #[must_use]
    pub fn of(kind: ChartKind, step: f64, top: f64) -> AxisText {
        let (factor, unit) = match kind {
            ChartKind::Cost => (1.0, ""),
            ChartKind::HitRate | ChartKind::Rollout => (1.0, "\u{a0}%"),
            ChartKind::Latency if top >= 5_000.0 => (1e-3, "\u{a0}s"),
            ChartKind::Latency if top < 1.0 => (1e3, "\u{a0}µs"),
            ChartKind::Latency => (1.0, "\u{a0}ms"),
        };
        let needed = decimals_of(step * factor);
        AxisText {
            kind,
            factor,
            unit,
            // Money has cents or, on a scale of whole dollars, nothing behind the point.
            decimals: if kind == ChartKind::Cost && needed == 1 {
                2
            } else {
                needed
            },
        }
    }

    /// The label at this value.
    #[must_use]
    pub fn at(&self, value: f64) -> String {
        let number = format!("{:.*}", self.decimals, value * self.factor);
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let grouped = format::count(whole.parse().unwrap_or(0));
        let sign = if self.kind == ChartKind::Cost { "$" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{grouped}{point}{fraction}{}", self.unit)
    }
}

/// How many decimals a round step such as 0.025 needs.
fn decimals_of(step: f64) -> usize {
    (0..9)
        .find(|decimals| {
            let shifted = step * 10_f64.powi(*decimals);
            (shifted - shifted.round()).abs() < 1e-6 && shifted.round() > 0.0
        })
        .map_or(9, |decimals| decimals as usize)
}

/// The top of the scale and the step between its labels.
pub fn scale(data: &ChartData, shown: &[(usize, &Series)]) -> (f64, f64) {
    let values = |index: usize| {
        shown
            .iter()
            .filter_map(move |(_, series)| series.values.get(index).copied().flatten())
    };
    let highest = match data.kind {
        ChartKind::HitRate => return (25.0, 100.0),
        ChartKind::Cost => (0..data.buckets)
            .map(|index| values(index).sum())
            .fold(0.0, f64::max),
        _ => (0..data.buckets).flat_map(values).fold(0.0, f64::max),
    };
    let (step, top) = ticks::round_scale(highest, 4);
    if data.kind == ChartKind::Rollout {
        (step.max(1.0), top.clamp(4.0, 100.0))
    } else {
        (step, top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(kind: ChartKind, step: f64, top: f64) -> Vec<String> {
        let text = AxisText::of(kind, step, top);
        let labels = ticks::steps(step, top).into_iter().map(|value| text.at(value));
        labels.map(|label| label.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn one_axis_has_one_unit_and_as_many_decimals_as_it_needs() {
        assert_eq!(
            labels(ChartKind::Latency, 1_000.0, 2_000.0),
            ["0 ms", "1,000 ms", "2,000 ms"]
        );
        assert_eq!(
            labels(ChartKind::Latency, 2_500.0, 5_000.0),
            ["0.0 s", "2.5 s", "5.0 s"]
        );
        assert_eq!(
            labels(ChartKind::Latency, 0.5, 1.0),
            ["0.0 ms", "0.5 ms", "1.0 ms"]
        );
        assert_eq!(
            labels(ChartKind::Latency, 0.25, 0.5),
            ["0 µs", "250 µs", "500 µs"]
        );
        assert_eq!(labels(ChartKind::Rollout, 2.5, 5.0), ["0.0 %", "2.5 %", "5.0 %"]);
        assert_eq!(
            labels(ChartKind::Cost, 0.025, 0.05),
            ["$0.000", "$0.025", "$0.050"]
        );
        assert_eq!(labels(ChartKind::Cost, 0.5, 1.0), ["$0.00", "$0.50", "$1.00"]);
        assert_eq!(labels(ChartKind::Cost, 500.0, 1_000.0), ["$0", "$500", "$1,000"]);
    }
}
