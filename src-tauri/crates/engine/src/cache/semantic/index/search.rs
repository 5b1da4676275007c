//! The exact search over the vectors of one namespace.
//!
//! It reads the coarse bytes of all rows, then the true scores of those that look best, and after these only the rows that
//! can still be nearer. How far a coarse score can be from the true one is known for every row, so a row is dropped only
//! when it provably is not among the nearest: the answer is that of a full search.

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

/// A part of a search that is worth a thread of its own: one that is started may wait for a processor as long as some ten
/// thousand rows take.
const PART_ROWS: usize = 65_536;
/// Further threads wait for the same memory.
const MOST_THREADS: usize = 4;
/// Sums that are added up side by side, so that the processor does them at once.
const LANES: usize = 16;
/// Rounding of 32-bit floats over a long sum, allowed for on top of the bound.
const SLACK: f32 = 1e-5;

impl Arena {
    /// The `most` nearest with at least this cosine, nearest first; of equals the older number first.
    #[must_use]
    pub fn nearest(&self, vector: &[f32], most: usize, least_similarity: f32) -> Vec<Near> {
        let Some(unit) = unit(vector).filter(|unit| unit.len() == self.width && most > 0) else {
            return Vec::new();
        };
        let query = Query::new(unit);
        let search = |rows| self.nearest_of(rows, &query, most, least_similarity);
        let mut found = in_parts(self.rows.len(), PART_ROWS, search).concat();
        found.sort_unstable_by(|one, other| {
            let nearer = other.similarity.total_cmp(&one.similarity);
            nearer.then(one.entry.cmp(&other.entry))
        });
        found.truncate(most);
        found
    }

    /// The nearest of some rows in no order, perhaps with others that are less near.
    fn nearest_of(&self, rows: Range<usize>, query: &Query, most: usize, least: f32) -> Vec<Near> {
        let mut sums = Vec::new();
        dots(
            &query.steps,
            &self.coarse[rows.start * self.width..rows.end * self.width],
            &mut sums,
        );
        let scored = || {
            let rows = rows.clone().zip(&self.rows[rows.clone()]);
            let scores = sums.iter().map(|sum| as_float(*sum) * query.scale);
            rows.zip(scores)
                .map(|((at, row), score)| (at, row, score * row.scale))
        };
        let mut best = Best::new(most);
        scored().for_each(|(at, _, score)| best.offer(score, at));
        // As many as are wanted are at least as near as the least near of these.
        let floor = match best.rows.len() < most {
            true => least,
            false => {
                let nearness = best.rows.iter().map(|(_, at)| self.exact(&query.unit, *at));
                nearness.fold(f32::INFINITY, f32::min).max(least)
            }
        };
        scored()
            .filter(|(_, row, score)| score + row.left_out + SLACK >= floor)
            .map(|(at, row, _)| Near {
                entry: row.entry,
                similarity: self.exact(&query.unit, at),
            })
            .filter(|near| near.similarity >= floor)
            .collect()
    }

    /// The score from both bytes.
    fn exact(&self, query: &[f32], row: usize) -> f32 {
        let bytes = row * self.width..(row + 1) * self.width;
        let (coarse, fine) = (&self.coarse[bytes.clone()], &self.fine[bytes]);
        let mut sums = [0.0; LANES];
        for ((query, coarse), fine) in query
            .chunks(LANES)
            .zip(coarse.chunks(LANES))
            .zip(fine.chunks(LANES))
        {
            let numbers = query.iter().zip(coarse).zip(fine);
            for (sum, ((value, coarse), fine)) in sums.iter_mut().zip(numbers) {
                *sum += value * (f32::from(*coarse) + f32::from(*fine) / FINE);
            }
        }
        (sums.iter().sum::<f32>() * self.rows[row].scale).clamp(-1.0, 1.0)
    }
}

/// What is asked for, as the steps of a search need it.
struct Query {
    unit: Vec<f32>,
    /// The same in 16 bits, as finely as the sums of its products leave room for in 32.
    steps: Vec<i16>,
    /// What one of the steps stands for.
    scale: f32,
}

impl Query {
    fn new(unit: Vec<f32>) -> Query {
        let largest = unit
            .iter()
            .fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        let room = i32::MAX / 127 / i32::try_from(unit.len()).unwrap_or(i32::MAX);
        let scale = largest / as_float(room.min(32_000)).max(1.0);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the value lies within the steps, which fit"
        )]
        let steps = unit.iter().map(|value| (value / scale).round() as i16).collect();
        Query { unit, steps, scale }
    }
}

/// The rows with the best scores so far.
struct Best {
    /// The worst of them first.
    rows: Vec<(f32, usize)>,
    most: usize,
}

impl Best {
    fn new(most: usize) -> Best {
        Best {
            rows: Vec::new(),
            most,
        }
    }

    fn offer(&mut self, score: f32, row: usize) {
        if self.rows.len() == self.most {
            if score <= self.rows[0].0 {
                return;
            }
            self.rows.remove(0);
        }
        let at = self.rows.partition_point(|(known, _)| *known < score);
        self.rows.insert(at, (score, row));
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
