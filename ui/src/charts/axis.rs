//! A plotters axis from zero to a top, labelled exactly where we say.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

/// An axis. Plotters' own would choose decimal steps, which are wrong for hours and days.
#[derive(Debug, Clone)]
pub struct Axis {
    pub top: f64,
    pub labels_at: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = value / self.top.max(f64::MIN_POSITIVE);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.labels_at.clone()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_maps_both_ways_up() {
        let axis = Axis {
            top: 50.0,
            labels_at: vec![0.0, 25.0],
        };
        assert_eq!(axis.map(&25.0, (0, 100)), 50);
        assert_eq!(axis.map(&50.0, (200, 0)), 0);
        assert_eq!(axis.range(), 0.0..50.0);
    }
}
