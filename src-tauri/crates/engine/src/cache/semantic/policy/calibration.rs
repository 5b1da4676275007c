//! Are things that the model calls 95 % sure right in 95 of 100 cases? Two numbers correct it where they are not.

use super::logistic::{logit, sigmoid, softplus};
use std::collections::VecDeque;

/// A probability that was stated before its label was known, with the label.
#[derive(Debug, Clone, Copy)]
struct Stated {
    log_odds: f64,
    same: bool,
    weight: f64,
}

/// Corrects probabilities by a line in log-odds, fitted to what was stated and then turned out.
#[derive(Debug, Clone)]
pub struct Calibration {
    shift: f64,
    stretch: f64,
    stated: VecDeque<Stated>,
}

const KEPT: usize = 3_000;
/// Belief, in labels, that the model needs no correction.
const PRIOR_SHIFT: f64 = 8.0;
const PRIOR_STRETCH: f64 = 30.0;

impl Default for Calibration {
    fn default() -> Calibration {
        Calibration {
            shift: 0.0,
            stretch: 1.0,
            stated: VecDeque::new(),
        }
    }
}

impl Calibration {
    /// The corrected probability. What boasts is taken back wholly; what was too timid is believed by a half only, because
    /// statements made while little was known were timid for that reason, and the later ones are not.
    #[must_use]
    pub fn correct(&self, probability: f64) -> f64 {
        let stated = logit(probability);
        let change = self.shift + self.stretch * stated - stated;
        sigmoid(stated + if change > 0.0 { change / 2.0 } else { change })
    }

    /// Remembers what the model had stated of a pair whose label is now known.
    pub fn remember(&mut self, probability: f64, same: bool, weight: f64) {
        self.stated.push_back(Stated {
            log_odds: logit(probability),
            same,
            weight,
        });
        if self.stated.len() > KEPT {
            self.stated.pop_front();
        }
    }

    /// Fits the line anew.
    pub fn refit(&mut self) {
        let (mut shift, mut stretch) = (self.shift, self.stretch);
        for _ in 0..20 {
            let (mut g, mut h) = (
                [PRIOR_SHIFT * shift, PRIOR_STRETCH * (stretch - 1.0)],
                [PRIOR_SHIFT, 0.0, PRIOR_STRETCH],
            );
            for stated in &self.stated {
                let p = sigmoid(shift + stretch * stated.log_odds);
                let error = stated.weight * (p - if stated.same { 1.0 } else { 0.0 });
                let bend = stated.weight * p * (1.0 - p);
                g[0] += error;
                g[1] += error * stated.log_odds;
                h[0] += bend;
                h[1] += bend * stated.log_odds;
                h[2] += bend * stated.log_odds * stated.log_odds;
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            let step = [
                (h[2] * g[0] - h[1] * g[1]) / determinant,
                (h[0] * g[1] - h[1] * g[0]) / determinant,
            ];
            let Some(next) = self.shorter(shift, stretch, step) else {
                break;
            };
            let moved = (next.0 - shift).abs() + (next.1 - stretch).abs();
            (shift, stretch) = next;
            if moved < 1e-6 {
                break;
            }
        }
        // A falling line would turn the model upside down; then its statements mean nothing and are left as they are.
        if stretch > 0.05 {
            (self.shift, self.stretch) = (shift, stretch);
        }
    }

    fn shorter(&self, shift: f64, stretch: f64, step: [f64; 2]) -> Option<(f64, f64)> {
        let before = self.cost(shift, stretch);
        let mut lengths = (0..12).map(|halvings| 0.5_f64.powi(halvings));
        lengths.find_map(|length| {
            let tried = (shift - length * step[0], stretch - length * step[1]);
            (self.cost(tried.0, tried.1) < before).then_some(tried)
        })
    }

    fn cost(&self, shift: f64, stretch: f64) -> f64 {
        let misfit = self.stated.iter().map(|stated| {
            let z = shift + stretch * stated.log_odds;
            stated.weight * softplus(if stated.same { -z } else { z })
        });
        0.5 * (PRIOR_SHIFT * shift * shift + PRIOR_STRETCH * (stretch - 1.0) * (stretch - 1.0))
            + misfit.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_boasts_is_taken_back() {
        let mut calibration = Calibration::default();
        for at in 0..2_000 {
            calibration.remember(0.99, at % 10 != 0, 1.0);
            calibration.remember(0.60, at % 2 == 0, 1.0);
        }
        calibration.refit();
        assert!(
            (calibration.correct(0.99) - 0.9).abs() < 0.02,
            "{}",
            calibration.correct(0.99)
        );
    }

    #[test]
    fn without_evidence_nothing_is_corrected() {
        let mut calibration = Calibration::default();
        calibration.refit();
        assert!((calibration.correct(0.8) - 0.8).abs() < 1e-9);
    }
}
