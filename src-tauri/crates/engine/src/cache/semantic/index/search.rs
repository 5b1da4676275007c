//! The exact search over the vectors of one namespace.
//!
//! It reads the upper half bytes of all rows, then all of those that look best, and after these only the rows that can
//! still be nearer. By how wide an angle the upper halves point elsewhere is known of every row, so a row is dropped only
//! when it provably is not among the nearest: the answer is that of a full search.

use super::arena::Arena;
use super::dots::{ask_for, dots};
use super::encoding::{FINE, MIDDLE, packed_bytes, unit};
use super::query::{Query, Reach};
use std::{
    iter::repeat,
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
/// Rows between asking memory for one and reading it.
const AHEAD_ROWS: usize = 16;
/// Sums that are added up side by side, so that the processor does them at once.
const LANES: usize = 16;

impl Arena {
    /// The `most` nearest with at least this cosine, nearest first; of equals the older number first.
    #[must_use]
    pub fn nearest(&self, vector: &[f32], most: usize, least_similarity: f32) -> Vec<Near> {
        let Some(unit) = unit(vector).filter(|unit| unit.len() == self.width && most > 0) else {
            return Vec::new();
        };
        let query = Query::new(unit);
        let search = |rows| self.nearest_of(rows, &query, most, least_similarity);
        let mut found = in_parts(self.len(), PART_ROWS, search).concat();
        found.sort_unstable_by(|one, other| {
            let nearer = other.similarity.total_cmp(&one.similarity);
            nearer.then(one.entry.cmp(&other.entry))
        });
        found.truncate(most);
        found
    }

    /// The nearest of some rows in no order, perhaps with others that are less near.
    fn nearest_of(&self, rows: Range<usize>, query: &Query, most: usize, least: f32) -> Vec<Near> {
        let halves = packed_bytes(self.width);
        let mut sums = Vec::new();
        let bytes = &self.upper[rows.start * halves..rows.end * halves];
        dots(&query.factors, bytes, &mut sums);
        let scaled = sums.iter().zip(&self.upper_scales[rows.clone()]);
        let cosines: Vec<f32> = scaled
            .map(|(sum, scale)| query.cosine_of_upper(*sum, *scale))
            .collect();

        let best = best(&cosines, most);
        // As many as are wanted are at least as near as the least near of these.
        let floor = if best.len() < most {
            least
        } else {
            let nearness = best.iter().map(|at| self.similarity(query, rows.start + at));
            nearness.fold(f32::INFINITY, f32::min).max(least)
        };
        let reach = query.reach(floor);
        let known = cosines.iter().zip(&self.upper_sines[rows.clone()]).zip(&sums);
        let may_be = known
            .zip(rows)
            .filter(|(((cosine, sine), _), _)| reach.holds(**cosine, **sine));
        let may_be: Vec<(usize, i32)> = may_be.map(|((_, sum), row)| (row, *sum)).collect();
        let near = self
            .within_reach(&may_be, query, reach)
            .into_iter()
            .map(|row| Near {
                entry: self.entries[row],
                similarity: self.similarity(query, row),
            });
        near.filter(|near| near.similarity >= floor).collect()
    }

    /// Those of the rows, each with the sum of its upper halves, that are within reach as far as their first bytes tell.
    fn within_reach(&self, rows: &[(usize, i32)], query: &Query, reach: Reach) -> Vec<usize> {
        let mut lower = Vec::with_capacity(1);
        let soon = rows.iter().skip(AHEAD_ROWS).map(Some).chain(repeat(None));
        let kept = rows.iter().zip(soon).filter(|((row, upper), soon)| {
            if let Some((soon, _)) = soon {
                ask_for(self.lower_of(*soon));
            }
            lower.clear();
            dots(&query.factors, self.lower_of(*row), &mut lower);
            let scale = self.scales[*row].first;
            reach.holds(
                query.cosine_of_first(*upper, lower[0], scale),
                query.sine_of_first(scale),
            )
        });
        kept.map(|((row, _), _)| *row).collect()
    }

    fn lower_of(&self, row: usize) -> &[u8] {
        let halves = packed_bytes(self.width);
        &self.lower[row * halves..(row + 1) * halves]
    }

    /// Cosine of the angle between the query and a row, from all bits.
    fn similarity(&self, query: &Query, row: usize) -> f32 {
        let halves = packed_bytes(self.width);
        let first = (&self.upper[row * halves..(row + 1) * halves], self.lower_of(row));
        let fine = &self.fine[row * self.width..(row + 1) * self.width];
        let (query, fine) = (query.unit.split_at(halves), fine.split_at(halves));
        let sum = products(query.0, fine.0, first, |upper, lower| upper << 4 | lower & 0x0f)
            + products(query.1, fine.1, first, |upper, lower| upper & 0xf0 | lower >> 4);
        (sum / FINE * self.scales[row].all).clamp(-1.0, 1.0)
    }
}

/// The sum of products of a query with numbers of a row, in steps of their second bytes.
fn products(query: &[f32], fine: &[i8], (upper, lower): (&[u8], &[u8]), first: impl Fn(u8, u8) -> u8) -> f32 {
    let mut sums = [0.0; LANES];
    let halves = upper.chunks(LANES).zip(lower.chunks(LANES));
    for ((query, fine), (upper, lower)) in query.chunks(LANES).zip(fine.chunks(LANES)).zip(halves) {
        let halves = upper.iter().zip(lower);
        let numbers = query.iter().zip(fine).zip(halves);
        for (sum, ((value, fine), (upper, lower))) in sums.iter_mut().zip(numbers) {
            let whole = f32::from(first(*upper, *lower)) - f32::from(MIDDLE);
            *sum += value * (whole * FINE + f32::from(*fine));
        }
    }
    sums.iter().sum()
}

/// Where the best scores are: so many, or all.
fn best(scores: &[f32], most: usize) -> Vec<usize> {
    /// Looked through at once: few of them hold one of the best.
    const TOGETHER: usize = 64;
    // The worst first.
    let mut best: Vec<(f32, usize)> = Vec::with_capacity(most.min(scores.len()));
    for (number, together) in scores.chunks(TOGETHER).enumerate() {
        let highest =
            together.iter().fold(
                f32::NEG_INFINITY,
                |highest, score| {
                    if *score > highest { *score } else { highest }
                },
            );
        if best.len() == most && highest <= best[0].0 {
            continue;
        }
        for (at, score) in together.iter().enumerate() {
            if best.len() == most {
                if *score <= best[0].0 {
                    continue;
                }
                best.remove(0);
            }
            let place = best.partition_point(|(known, _)| known < score);
            best.insert(place, (*score, number * TOGETHER + at));
        }
    }
    best.into_iter().map(|(_, at)| at).collect()
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
