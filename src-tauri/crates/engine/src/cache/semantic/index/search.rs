//! The exact search over the vectors of one namespace.
//!
//! How far a coarse score can be from the true one is known for every row, so the search drops a row only when it provably
//! cannot be among the nearest: its answer is that of a full search.

use super::arena::{Arena, FINE, unit};
use super::dots::dots;
use std::{
    num::NonZero,
    ops::Range,
    sync::LazyLock,
    thread::{self, Builder},
};

/// A stored vector near the one asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub entry: u64,
    /// Cosine of the angle between the two.
    pub similarity: f32,
}

/// Rows whose scores are computed before they are looked at; their scores stay in the nearest cache.
const BLOCK_ROWS: usize = 512;
/// A part of a search that is worth a thread of its own: starting one takes as long as some thousand rows.
const PART_ROWS: usize = 16_384;
/// Further threads wait for the same memory.
const MOST_THREADS: usize = 4;
/// Rounding of 32-bit floats over a long sum, allowed for on top of the bound.
const SLACK: f32 = 1e-5;

impl Arena {
    /// The `most` nearest with at least this cosine, nearest first; of equals the older number first.
    #[must_use]
    pub fn nearest(&self, vector: &[f32], most: usize, least_similarity: f32) -> Vec<Near> {
        let Some(query) = unit(vector).filter(|query| query.len() == self.width && most > 0) else {
            return Vec::new();
        };
        let widened = widened(&query);
        let scan = |rows| self.scan(rows, &widened, Floor::new(most, least_similarity));
        let (mut may_be, mut floor) = (Vec::new(), Floor::new(most, least_similarity));
        for (candidates, proven) in in_parts(self.rows.len(), PART_ROWS, scan) {
            may_be.extend(candidates);
            proven.proven.into_iter().for_each(|proven| floor.raise(proven));
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

    /// The rows that may be among the nearest, with the highest score that each can have, and what is proven of the nearest.
    fn scan(
        &self,
        part: Range<usize>,
        (query, query_scale): &(Vec<i16>, f32),
        mut floor: Floor,
    ) -> (Vec<(f32, usize)>, Floor) {
        let mut scores = Vec::with_capacity(BLOCK_ROWS);
        let mut may_be = Vec::new();
        let first = part.start;
        for (block, rows) in self.rows[part].chunks(BLOCK_ROWS).enumerate() {
            let start = first + block * BLOCK_ROWS;
            let bytes = start * self.width..(start + rows.len()) * self.width;
            dots(query, &self.coarse[bytes], &mut scores);
            for (at, (row, sum)) in rows.iter().zip(&scores).enumerate() {
                let score = as_float(*sum) * row.scale * query_scale;
                let error = row.left_out + SLACK;
                if score + error >= floor.height {
                    floor.raise(score - error);
                    may_be.push((score + error, start + at));
                }
            }
        }
        (may_be, floor)
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

/// What the work gives for each part of so many rows, shared among threads where there are parts for several.
fn in_parts<T: Send>(rows: usize, part_rows: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    static PROCESSORS: LazyLock<usize> = LazyLock::new(|| {
        thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MOST_THREADS)
    });
    let parts = (rows / part_rows).clamp(1, *PROCESSORS);
    let length = rows.div_ceil(parts);
    let part = |number: usize| number * length..((number + 1) * length).min(rows);
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = (1..parts)
            .map(|number| {
                let started = Builder::new().spawn_scoped(scope, move || work(part(number)));
                (number, started)
            })
            .collect();
        let mut done = vec![work(part(0))];
        done.extend(others.into_iter().map(|(number, started)| {
            match started {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // The system gives no more threads.
                Err(_) => work(part(number)),
            }
        }));
        done
    })
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

#[cfg(test)]
mod tests {
    use super::in_parts;

    #[test]
    fn parts_are_all_rows_once() {
        for rows in [0, 1, 9, 10, 19, 20, 31, 40, 41, 1_000] {
            let parts = in_parts(rows, 10, |part| part);
            assert!(parts.len() <= (rows / 10).max(1), "{parts:?}");
            let all: Vec<usize> = parts.into_iter().flatten().collect();
            assert_eq!(all, (0..rows).collect::<Vec<_>>());
        }
    }
}
