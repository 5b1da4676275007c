//! The threshold: the least sure hit that still keeps the average wrong share of hits under the promise.

use std::collections::VecDeque;

/// The last stated probabilities, from which the threshold is cut.
#[derive(Debug, Clone, Default)]
pub struct Recent(VecDeque<f64>);

const KEPT: usize = 1_500;
/// With fewer there is no telling what traffic looks like.
const LEAST: usize = 30;
/// No promise allows a hit that is more likely wrong than right.
pub const LOWEST: f64 = 0.5;

impl Recent {
    /// Remembers the best candidate's probability, before correction, of one request.
    pub fn remember(&mut self, probability: f64) {
        self.0.push_back(probability);
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// The smallest probability at which the mean risk of all that lie at or above it, times `scale`, stays within
    /// `allowed`; none when even the surest is too risky, or too little was seen.
    #[must_use]
    pub fn threshold(&self, correct: impl Fn(f64) -> f64, scale: f64, allowed: f64) -> Option<f64> {
        if self.0.len() < LEAST {
            return None;
        }
        let mut surest: Vec<f64> = self.0.iter().map(|stated| correct(*stated)).collect();
        surest.sort_unstable_by(|one, other| other.total_cmp(one));
        let mut risk = 0.0;
        let mut count = 0.0;
        let mut found = None;
        for probability in surest {
            risk += 1.0 - probability;
            count += 1.0;
            if probability < LOWEST || scale * risk / count > allowed {
                break;
            }
            found = Some(probability);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_mean_risk_above_it_is_never_over_what_is_allowed(
            stated in proptest::collection::vec(0.0f64..1.0, 30..400), allowed in 0.001f64..0.2, scale in 0.7f64..4.0,
        ) {
            let mut recent = Recent::default();
            stated.iter().for_each(|p| recent.remember(*p));
            if let Some(threshold) = recent.threshold(|p| p, scale, allowed) {
                let over: Vec<_> = stated.iter().filter(|p| **p >= threshold).collect();
                let risk: f64 = over.iter().map(|p| 1.0 - **p).sum::<f64>() / over.len() as f64;
                prop_assert!(risk * scale <= allowed + 1e-9 && threshold >= LOWEST);
            } else {
                prop_assert!(stated.iter().all(|p| *p < LOWEST || (1.0 - p) * scale > allowed));
            }
        }
    }
}
