//! What is asked for, and what the roughly known angle to a row says of the true one.

use super::dots::Factors;
use super::encoding::{LOWER, MIDDLE, length, packed_bytes, sine, to_byte};
use std::f32::consts::PI;

/// Rounding of 32-bit floats over long sums, allowed for on top of every bound.
const SLACK: f32 = 1e-5;

/// A vector that is searched for.
pub(super) struct Query {
    pub(super) unit: Vec<f32>,
    /// Bytes that point almost where it points.
    pub(super) factors: Factors,
    /// What makes their length 1.
    scale: f32,
    /// The angle by which they point elsewhere.
    off: f32,
    sum: f32,
    /// Length of a vector with half a step in every dimension, which is the most that first bytes leave out.
    half_step: f32,
}

impl Query {
    pub(super) fn new(unit: Vec<f32>) -> Query {
        let largest = unit
            .iter()
            .fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        let steps = unit.iter().map(|value| (value / largest * 127.0).round());
        let steps: Vec<f32> = steps.collect();
        let mut low: Vec<i8> = steps.iter().map(|steps| to_byte(*steps)).collect();
        let mut high = low.split_off(packed_bytes(low.len()));
        high.resize(low.len(), 0);
        Query {
            factors: Factors { low, high },
            scale: 1.0 / length(&steps),
            off: sine(&unit, &steps).asin(),
            sum: steps.iter().sum(),
            half_step: steps.iter().map(|_| 0.25).sum::<f32>().sqrt(),
            unit,
        }
    }

    /// Cosine of the angle between the factors and a row's upper halves, by the sum of their products.
    pub(super) fn cosine_of_upper(&self, upper: i32, scale: f32) -> f32 {
        (as_float(16 * upper) - (f32::from(MIDDLE) - LOWER) * self.sum) * self.scale * scale
    }

    /// That between the factors and a row's first bytes, by the sums for both halves.
    pub(super) fn cosine_of_first(&self, upper: i32, lower: i32, scale: f32) -> f32 {
        (as_float(16 * upper + lower) - f32::from(MIDDLE) * self.sum) * self.scale * scale
    }

    /// The most that can be the sine of the angle between a row and its first bytes.
    pub(super) fn sine_of_first(&self, scale: f32) -> f32 {
        (self.half_step * scale).min(1.0)
    }

    /// How far from the factors a row can be whose true cosine is at least this.
    pub(super) fn reach(&self, least_similarity: f32) -> Reach {
        let least = (least_similarity - SLACK).clamp(-1.0, 1.0);
        let (sine, cosine) = (least.acos() + self.off).min(PI).sin_cos();
        Reach { cosine, sine }
    }
}

/// The widest angle to the factors at which a row can be near enough.
///
/// Angles obey the triangle inequality: from the factors to what is known of a row it is no further than to the row itself
/// and from there on. Where rows are near, this says far more than the lengths of what was left out.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    cosine: f32,
    sine: f32,
}

impl Reach {
    /// False when a row is provably too far: by the cosine between the factors and what is known of it, which points
    /// elsewhere than the row by an angle whose sine is at most this; 1 says nothing of that angle.
    pub(super) fn holds(self, cosine: f32, sine: f32) -> bool {
        let other = (1.0 - sine * sine).sqrt();
        // The cosine of the sum of both angles, unless they add up to more than there is.
        cosine + SLACK >= self.cosine * other - self.sine * sine || other <= (-self.cosine).max(0.0)
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a relative error of 2⁻²⁴ lies far below the slack of a cosine"
)]
fn as_float(sum: i32) -> f32 {
    sum as f32
}
