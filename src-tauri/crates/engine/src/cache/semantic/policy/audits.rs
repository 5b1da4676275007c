//! Audits: a share of the hits is bought all the same and compared, which is the only measure of what hits are worth.

use super::interval::{Interval, wilson};
use std::collections::VecDeque;

/// One audited hit.
#[derive(Debug, Clone, Copy)]
struct Audited {
    /// How likely it was held to be wrong.
    risk: f64,
    wrong: bool,
}

/// The last audited hits.
#[derive(Debug, Clone, Default)]
pub struct Audits(VecDeque<Audited>);

/// Older audits tell of a policy that is no more.
const KEPT: usize = 400;
/// Belief, in wrong hits, that predictions are right; it keeps one early wrong audit from stopping everything.
const BELIEF: f64 = 1.5;

impl Audits {
    /// Remembers one.
    pub fn remember(&mut self, probability: f64, same: bool) {
        self.0.push_back(Audited {
            risk: 1.0 - probability,
            wrong: !same,
        });
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    /// The measured wrong share with its interval.
    #[must_use]
    pub fn measured(&self) -> Interval {
        wilson(self.wrong(), self.all())
    }

    /// How many were audited.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many times more often hits were wrong than predicted, drawn towards 1 while there are few.
    #[must_use]
    pub fn scale(&self) -> f64 {
        let predicted: f64 = self.0.iter().map(|audited| audited.risk).sum();
        ((self.wrong() + BELIEF) / (predicted + BELIEF)).clamp(0.8, 6.0)
    }

    /// True when the audits prove that more hits are wrong than promised.
    #[must_use]
    pub fn broken(&self, promised: f64) -> bool {
        self.measured().low > promised
    }

    /// Forgets all, after the policy was stopped and has learned anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn wrong(&self) -> f64 {
        self.0
            .iter()
            .map(|audited| if audited.wrong { 1.0 } else { 0.0 })
            .sum()
    }

    fn all(&self) -> f64 {
        self.0.iter().map(|_| 1.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_follows_the_evidence_slowly() {
        let mut audits = Audits::default();
        assert_eq!(audits.scale(), 1.0);
        audits.remember(0.98, false);
        assert!(audits.scale() < 1.8, "one wrong hit is an accident");
        for at in 0..200 {
            audits.remember(0.98, at % 10 != 0);
        }
        assert!(audits.scale() > 3.0 && audits.broken(0.03) && !audits.broken(0.1));
    }
}
