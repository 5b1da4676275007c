//! Logistic regression with a Gaussian prior, fitted by damped Newton steps.

use super::matrix::{Matrix, Vector, cholesky, dot, inverse_form, solve};
use crate::cache::semantic::features::{COUNT, Features, PRIORS};

/// One labelled pair.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    pub features: Features,
    /// The entry's own offset, held fixed while the weights are fitted.
    pub offset: f64,
    /// The stored answer would have done.
    pub same: bool,
    pub weight: f64,
}

/// Fitted weights with their uncertainty.
#[derive(Debug, Clone)]
pub struct Model {
    pub weights: Vector,
    /// Lower factor of the precision at the optimum.
    precision: Box<Matrix>,
}

const MOST_STEPS: usize = 25;
const MOST_HALVINGS: usize = 20;

impl Default for Model {
    /// The prior: what is believed before any label.
    fn default() -> Model {
        let mut precision = Box::new([[0.0; COUNT]; COUNT]);
        let mut weights = [0.0; COUNT];
        for (at, prior) in PRIORS.iter().enumerate() {
            weights[at] = prior.weight;
            precision[at][at] = prior.precision.sqrt();
        }
        Model { weights, precision }
    }
}

impl Model {
    /// Log-odds of "the same answer", without the entry's offset.
    #[must_use]
    pub fn score(&self, features: &Features) -> f64 {
        dot(&self.weights, features)
    }

    /// Variance of the score: how little is known hereabouts.
    #[must_use]
    pub fn variance(&self, features: &Features) -> f64 {
        inverse_form(&self.precision, features)
    }

    /// Fits to these examples, beginning at the present weights. Keeps the present model when numbers run away.
    #[must_use]
    pub fn fitted(&self, examples: &[Example]) -> Model {
        let mut weights = self.weights;
        let mut cost = cost(&weights, examples);
        for _ in 0..MOST_STEPS {
            let (gradient, hessian) = slope(&weights, examples);
            let Some(lower) = cholesky(&hessian) else {
                return self.clone();
            };
            let step = solve(&lower, &gradient);
            let gain = dot(&step, &gradient);
            // Undamped, Newton's step overshoots where the data are separable, and the cache would stop hitting.
            let mut length = 1.0;
            let mut better = None;
            for _ in 0..MOST_HALVINGS {
                let tried: Vector = std::array::from_fn(|at| weights[at] - length * step[at]);
                let tried_cost = self::cost(&tried, examples);
                if tried_cost <= cost - 1e-4 * length * gain {
                    better = Some((tried, tried_cost));
                    break;
                }
                length /= 2.0;
            }
            let Some((next, next_cost)) = better else { break };
            let gained = cost - next_cost;
            (weights, cost) = (next, next_cost);
            if gained < 1e-6 * cost.abs().max(1.0) {
                break;
            }
        }
        let (_, hessian) = slope(&weights, examples);
        match cholesky(&hessian) {
            Some(precision) if weights.iter().all(|weight| weight.is_finite()) => Model {
                weights,
                precision: Box::new(precision),
            },
            _ => self.clone(),
        }
    }
}

/// The logistic function.
#[must_use]
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Log-odds of a probability, held off the ends.
#[must_use]
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    (p / (1.0 - p)).ln()
}

/// `ln(1 + exp z)` without overflow.
pub(super) fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

fn cost(weights: &Vector, examples: &[Example]) -> f64 {
    let away = weights.iter().zip(PRIORS).map(|(weight, prior)| {
        let distance = weight - prior.weight;
        0.5 * prior.precision * distance * distance
    });
    let misfit = examples.iter().map(|example| {
        let z = dot(weights, &example.features) + example.offset;
        example.weight * softplus(if example.same { -z } else { z })
    });
    away.sum::<f64>() + misfit.sum::<f64>()
}

#[allow(
    clippy::needless_range_loop,
    reason = "rows and columns are named as in the formula"
)]
fn slope(weights: &Vector, examples: &[Example]) -> (Vector, Matrix) {
    let mut gradient = [0.0; COUNT];
    let mut hessian = [[0.0; COUNT]; COUNT];
    for (at, prior) in PRIORS.iter().enumerate() {
        gradient[at] = prior.precision * (weights[at] - prior.weight);
        hessian[at][at] = prior.precision;
    }
    for example in examples {
        let p = sigmoid(dot(weights, &example.features) + example.offset);
        let error = example.weight * (p - if example.same { 1.0 } else { 0.0 });
        let bend = example.weight * p * (1.0 - p);
        for row in 0..COUNT {
            let x = example.features[row];
            if x == 0.0 {
                continue;
            }
            gradient[row] += error * x;
            for column in 0..=row {
                hessian[row][column] += bend * x * example.features[column];
            }
        }
    }
    for row in 0..COUNT {
        for column in 0..row {
            hessian[column][row] = hessian[row][column];
        }
    }
    (gradient, hessian)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(u: f64, same: bool) -> Example {
        let mut features = [0.0; COUNT];
        (features[0], features[1]) = (1.0, u);
        Example {
            features,
            offset: 0.0,
            same,
            weight: 1.0,
        }
    }

    #[test]
    fn it_finds_where_same_turns_into_different() {
        let examples: Vec<_> = (-100..100)
            .map(|at| f64::from(at) / 100.0)
            .map(|u| example(u, u > 0.3))
            .collect();
        let model = Model::default().fitted(&examples);
        assert!(model.score(&example(0.8, true).features) > 1.0);
        assert!(model.score(&example(-0.2, false).features) < -1.0);
    }

    #[test]
    fn data_that_part_perfectly_do_not_make_it_run_away() {
        let examples: Vec<_> = (0..2_000)
            .map(|at| example(if at % 2 == 0 { 9.0 } else { -9.0 }, at % 2 == 0))
            .collect();
        let model = Model::default().fitted(&examples);
        assert!(
            model
                .weights
                .iter()
                .all(|weight| weight.is_finite() && weight.abs() < 50.0)
        );
    }

    #[test]
    fn what_was_never_seen_stays_uncertain() {
        let seen: Vec<_> = (0..500)
            .map(|at| example(f64::from(at % 10) / 10.0, at % 3 == 0))
            .collect();
        let model = Model::default().fitted(&seen);
        let mut unseen = example(0.5, true);
        unseen.features[8] = 1.0;
        assert!(model.variance(&unseen.features) > 5.0 * model.variance(&example(0.5, true).features));
    }
}
