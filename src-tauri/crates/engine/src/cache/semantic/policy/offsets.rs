//! Each entry's own offset: some answers are wrong for neighbours more often than their looks say.

use super::logistic::{sigmoid, softplus};
use crate::cache::semantic::bounded::Bounded;
use std::collections::VecDeque;

/// Standard deviation of the offsets before anything is known of an entry, in log-odds.
const SPREAD: f64 = 0.4;
/// How many labels an entry keeps.
const KEPT: usize = 64;
/// Entries that are known at once: more than the labels from which a policy is learned.
const MOST: usize = 20_000;

#[derive(Debug, Clone, Default)]
struct Offset {
    /// Log-odds without the offset, label and weight.
    seen: VecDeque<(f64, bool, f64)>,
    mean: f64,
    variance: f64,
}

/// The offsets of all entries that have labels.
#[derive(Debug, Clone)]
pub struct Offsets(Bounded<u64, Offset>);

impl Default for Offsets {
    fn default() -> Offsets {
        Offsets(Bounded::new(MOST))
    }
}

impl Offsets {
    /// Mean and variance of an entry's offset.
    #[must_use]
    pub fn get(&self, entry: u64) -> (f64, f64) {
        self.0
            .get(&entry)
            .map_or((0.0, SPREAD * SPREAD), |offset| (offset.mean, offset.variance))
    }

    /// Learns that a pair with this entry, scored so without the offset, was the same or not.
    pub fn learn(&mut self, entry: u64, score: f64, same: bool, weight: f64) {
        let offset = self.0.get_or_insert_with(entry, Offset::default);
        offset.seen.push_back((score, same, weight));
        if offset.seen.len() > KEPT {
            offset.seen.pop_front();
        }
        offset.refit();
    }
}

impl Offset {
    fn refit(&mut self) {
        let precision = 1.0 / (SPREAD * SPREAD);
        let cost = |mean: f64| {
            let misfit = self.seen.iter().map(|(score, same, weight)| {
                let z = score + mean;
                weight * softplus(if *same { -z } else { z })
            });
            0.5 * precision * mean * mean + misfit.sum::<f64>()
        };
        let mut mean = self.mean;
        let mut bend = precision;
        for _ in 0..12 {
            let mut slope = precision * mean;
            bend = precision;
            for (score, same, weight) in &self.seen {
                let p = sigmoid(score + mean);
                slope += weight * (p - if *same { 1.0 } else { 0.0 });
                bend += weight * p * (1.0 - p);
            }
            let step = slope / bend;
            let mut lengths = (0..8).map(|halvings| mean - step * 0.5_f64.powi(halvings));
            let Some(next) = lengths.find(|tried| cost(*tried) < cost(mean)) else {
                break;
            };
            let moved = (next - mean).abs();
            mean = next;
            if moved < 1e-5 {
                break;
            }
        }
        (self.mean, self.variance) = (mean, 1.0 / bend);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_misleads_is_held_back_and_one_label_is_no_proof() {
        let mut offsets = Offsets::default();
        offsets.learn(1, 2.0, false, 1.0);
        let once = offsets.get(1).0;
        for _ in 0..20 {
            offsets.learn(1, 2.0, false, 1.0);
        }
        let often = offsets.get(1);
        assert!(once < 0.0 && once > -0.3 && often.0 < -1.0 && often.1 < SPREAD * SPREAD);
        assert_eq!(offsets.get(2), (0.0, SPREAD * SPREAD));
    }
}
