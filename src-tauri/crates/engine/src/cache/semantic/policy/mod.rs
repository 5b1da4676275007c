//! The learned policy: how sure is it that a stored answer would do, and is that sure enough to keep the promise?
//!
//! One policy serves a group of namespaces (a team's intent), because a single namespace is too small to learn from. It
//! learns from every miss that had a neighbour: the answer was bought, and comparing it with the neighbour's is free.

pub mod audits;
pub mod calibration;
pub mod interval;
mod judgement;
pub mod logistic;
mod matrix;
pub mod offsets;
#[cfg(test)]
mod promise_tests;
pub mod threshold;

pub use judgement::{Judgement, Label, Origin, Promise};

use super::candidates::Candidate;
use audits::Audits;
use calibration::Calibration;
use logistic::{Example, Model, sigmoid};
use offsets::Offsets;
use std::collections::VecDeque;
use std::f64::consts::PI;
use threshold::{LOWEST, Recent};

/// The policy aims below the promise, because it tracks its aim and does not prove it.
const AIM: f64 = 0.8;
/// Before this many labels it has no evidence of its own and serves nothing.
pub const LEAST_LABELS: usize = 60;
/// At this many labels it aims at half of what it will aim at in the end.
const HALF_TRUSTED_LABELS: f64 = 200.0;
/// The weights are fitted at these counts of labels and then after every `REFIT_EVERY`.
const FIRST_REFITS: [usize; 3] = [30, 60, 120];
const REFIT_EVERY: usize = 250;
const EXAMPLES_KEPT: usize = 6_000;
const THRESHOLD_EVERY: usize = 50;
/// An audited hit stands for many that were not, so it weighs more than a miss.
const AUDIT_WEIGHT: f64 = 4.0;
/// After the audits proved the promise broken, this many new labels are learned before it serves again.
const LABELS_AFTER_BREAKING: usize = 250;

#[derive(Debug, Clone)]
struct Kept {
    entry: u64,
    differing: Vec<u64>,
    example: Example,
}

/// The learned state of one group of namespaces.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    promise: Promise,
    model: Model,
    /// By stored entry.
    offsets: Offsets,
    /// By differing word.
    words: Offsets,
    calibration: Calibration,
    recent: Recent,
    audits: Audits,
    kept: VecDeque<Kept>,
    labels: usize,
    requests: usize,
    threshold: Option<f64>,
    /// Labels still to be learned before it serves again, after the promise was broken.
    paused_labels: usize,
}

impl Policy {
    /// A policy that knows nothing yet.
    #[must_use]
    pub fn new(promise: Promise) -> Policy {
        Policy {
            promise,
            ..Policy::default()
        }
    }

    /// Changes what is promised; what was learned stays.
    pub fn promise(&mut self, promise: Promise) {
        self.promise = promise;
        self.cut();
    }

    /// Judges a request's candidates; none without any. Serves nothing by itself: see [`Judgement::serves`].
    #[must_use]
    pub fn judge(&self, candidates: &[Candidate]) -> Option<Judgement> {
        let stated = candidates.iter().map(|candidate| self.stated(candidate));
        let (chosen, stated) = stated
            .enumerate()
            .max_by(|one, other| one.1.total_cmp(&other.1))?;
        Some(Judgement {
            chosen,
            stated,
            probability: self.calibration.correct(stated),
            threshold: self.threshold.filter(|_| self.paused_labels == 0),
        })
    }

    /// Notes that a request was judged, so that the threshold follows the traffic. `draw` is random in `0..1`; the reply
    /// is true when this hit must be audited.
    pub fn note(&mut self, judgement: &Judgement, draw: f64) -> bool {
        self.recent.remember(judgement.stated);
        self.requests += 1;
        if self.requests.is_multiple_of(THRESHOLD_EVERY) {
            self.cut();
        }
        judgement.serves() && draw < self.promise.audit_share
    }

    /// Learns from a label.
    pub fn learn(&mut self, label: &Label) {
        // In shadow mode every hit is checked, so none stands for others.
        let weight = match label.origin {
            Origin::Miss | Origin::Shadow => 1.0,
            Origin::Audit | Origin::Feedback => AUDIT_WEIGHT,
        };
        if let Some(stated) = label.stated {
            self.calibration.remember(stated, label.same, weight);
            if matches!(label.origin, Origin::Audit | Origin::Shadow) {
                self.audits.remember(self.calibration.correct(stated), label.same);
            }
        }
        let score = self.model.score(&label.features);
        let (offset, _) = self.offset(label.entry, &label.differing);
        let (of_entry, _) = self.offsets.get(label.entry);
        // Each offset learns what the others leave unexplained.
        self.offsets
            .learn(label.entry, score + offset - of_entry, label.same, weight);
        for word in &label.differing {
            let (of_word, _) = self.words.get(*word);
            self.words
                .learn(*word, score + offset - of_word, label.same, weight);
        }
        let example = Example {
            features: label.features,
            offset: 0.0,
            same: label.same,
            weight,
        };
        self.kept.push_back(Kept {
            entry: label.entry,
            differing: label.differing.clone(),
            example,
        });
        if self.kept.len() > EXAMPLES_KEPT {
            self.kept.pop_front();
        }
        self.labels += 1;
        self.paused_labels = self.paused_labels.saturating_sub(1);
        if self.audits.broken(self.promise.wrong_share) {
            self.audits.clear();
            self.paused_labels = LABELS_AFTER_BREAKING;
        }
        if FIRST_REFITS.contains(&self.labels) || self.labels.is_multiple_of(REFIT_EVERY) {
            self.refit();
        }
    }

    /// The audited hits.
    #[must_use]
    pub fn audits(&self) -> &Audits {
        &self.audits
    }

    /// How many labels were learned.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// The probability that is asked of a hit; none while nothing is served.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        self.threshold.filter(|_| self.paused_labels == 0)
    }

    /// The model, for admins who ask what was learned.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Probability of "the same answer" before it is corrected, the doubt about the weights averaged in.
    #[must_use]
    pub fn stated(&self, candidate: &Candidate) -> f64 {
        let (offset, offset_variance) = self.offset(candidate.entry, &candidate.differing);
        let score = self.model.score(&candidate.features) + offset;
        let variance = self.model.variance(&candidate.features) + offset_variance;
        sigmoid(score / (1.0 + PI / 8.0 * variance).sqrt())
    }

    /// Mean and variance of all offsets of a pair.
    fn offset(&self, entry: u64, differing: &[u64]) -> (f64, f64) {
        let words = differing.iter().map(|word| self.words.get(*word));
        let all = words.chain([self.offsets.get(entry)]);
        all.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    fn refit(&mut self) {
        let with_offset = |kept: &Kept| Example {
            offset: self.offset(kept.entry, &kept.differing).0,
            ..kept.example
        };
        let examples: Vec<_> = self.kept.iter().map(with_offset).collect();
        self.model = self.model.fitted(&examples);
        self.calibration.refit();
        self.cut();
    }

    fn cut(&mut self) {
        // The less it has seen, the more of what it believes is the prior, which may not fit this traffic.
        let seen = f64::from(u32::try_from(self.labels).unwrap_or(u32::MAX));
        let allowed = AIM * self.promise.wrong_share * seen / (seen + HALF_TRUSTED_LABELS);
        self.threshold = if self.labels < LEAST_LABELS {
            None
        } else {
            self.recent.threshold(
                |stated| self.calibration.correct(stated),
                self.audits.scale(),
                allowed,
            )
        };
        debug_assert!(self.threshold.is_none_or(|threshold| threshold >= LOWEST));
    }
}
