//! The exact search over the vectors of one namespace.
//!
//! How far a coarse score can be from the true one is known for every row, so the search drops a row only when it provably
//! cannot be among the nearest: its answer is that of a full search.

use super::arena::{Arena, FINE, unit};
use super::dots::dots;

/// A stored vector near the one asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub entry: u64,
    /// Cosine of the angle between the two.
    pub similarity: f32,
}

/// Rows whose scores are computed before they are looked at; their scores stay in the nearest cache.
const BLOCK_ROWS: usize = 512;
/// Rounding of 32-bit floats over a long sum, allowed for on top of the bound.
const SLACK: f32 = 1e-5;

impl Arena {
    /// The `most` nearest with at least this cosine, nearest first; of equals the older number first.
    #[must_use]
    pub fn nearest(&self, vector: &[f32], most: usize, least_similarity: f32) -> Vec<Near> {
        let Some(query) = unit(vector).filter(|query| query.len() == self.width && most > 0) else {
            return Vec::new();
        };
        let (whole, query_scale) = widened(&query);
        let mut scores = Vec::with_capacity(BLOCK_ROWS);
        let mut may_be = Vec::new();
        let mut floor = Floor::new(most, least_similarity);
        for (block, rows) in self.rows.chunks(BLOCK_ROWS).enumerate() {
            let start = block * BLOCK_ROWS;
            let bytes = start * self.width..(start + rows.len()) * self.width;
            dots(&whole, &self.coarse[bytes], &mut scores);
            for (at, (row, sum)) in rows.iter().zip(&scores).enumerate() {
                let score = as_float(*sum) * row.scale * query_scale;
                let error = row.left_out + SLACK;
                if score + error >= floor.height {
                    floor.raise(score - error);
                    may_be.push((score + error, start + at));
                }
            }
        }
        may_be.retain(|(highest, _)| *highest >= floor.height);
        let mut found: Vec<Near> = may_be.iter().map(|(_, row)| self.exact(&query, *row)).collect();
        found.retain(|near| near.similarity >= least_similarity);
        found.sort_unstable_by(|one, other| {
            other
                .similarity
                .total_cmp(&one.similarity)
                .then(one.entry.cmp(&other.entry))
        });
        found.truncate(most);
        found
    }

    /// The score from both bytes.
    fn exact(&self, query: &[f32], row: usize) -> Near {
        let bytes = row * self.width..(row + 1) * self.width;
        let numbers = self.coarse[bytes.clone()].iter().zip(&self.fine[bytes]);
        let products = query
            .iter()
            .zip(numbers)
            .map(|(value, (coarse, fine))| value * (f32::from(*coarse) + f32::from(*fine) / FINE));
        Near {
            entry: self.rows[row].entry,
            similarity: (products.sum::<f32>() * self.rows[row].scale).clamp(-1.0, 1.0),
        }
    }
}

/// The lowest score that can still be among the nearest, as far as is known.
struct Floor {
    /// The best proven lower bounds so far, the lowest of them first.
    proven: Vec<f32>,
    most: usize,
    height: f32,
}

impl Floor {
    fn new(most: usize, height: f32) -> Floor {
        Floor {
            proven: Vec::with_capacity(most + 1),
            most,
            height,
        }
    }

    fn raise(&mut self, proven: f32) {
        if proven <= self.height && self.proven.len() == self.most {
            return;
        }
        let at = self.proven.partition_point(|known| *known < proven);
        self.proven.insert(at, proven);
        if self.proven.len() > self.most {
            self.proven.remove(0);
        }
        if self.proven.len() == self.most {
            self.height = self.height.max(self.proven[0]);
        }
    }
}

/// The question in 16 bits, as finely as the sums of its products leave room for in 32.
fn widened(query: &[f32]) -> (Vec<i16>, f32) {
    let largest = query
        .iter()
        .fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let room = i32::MAX / 127 / i32::try_from(query.len()).unwrap_or(i32::MAX);
    let steps = as_float(room.min(32_000)).max(1.0);
    let scale = largest / steps;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the value lies within the steps, which fit"
    )]
    let whole = query.iter().map(|value| (value / scale).round() as i16).collect();
    (whole, scale)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a relative error of 2⁻²⁴ lies far below the slack of a score"
)]
fn as_float(sum: i32) -> f32 {
    sum as f32
}
