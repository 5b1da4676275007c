//! What the policy is asked, what it says, and what it is told afterwards.

use crate::cache::semantic::features::Features;

/// What an admin asks of the policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// At most this share of semantic hits may differ from a fresh answer.
    pub wrong_share: f64,
    /// Share of hits that are bought all the same and compared.
    pub audit_share: f64,
}

impl Default for Promise {
    fn default() -> Promise {
        Promise {
            wrong_share: 0.03,
            audit_share: 0.02,
        }
    }
}

/// Where a label came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A bought answer was compared with the answer of the nearest stored question.
    Miss,
    /// A served hit was bought all the same.
    Audit,
    /// A hit that would have been served, had the mode been on, was bought.
    Shadow,
    /// A person said so.
    Feedback,
}

/// What the policy makes of a request's candidates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Which candidate is the surest.
    pub chosen: usize,
    /// Probability that its answer would do, as the model states it.
    pub stated: f64,
    /// The same, corrected by how earlier statements turned out.
    pub probability: f64,
    /// What it was held against; none while there is not enough evidence for any hit.
    pub threshold: Option<f64>,
}

impl Judgement {
    /// True when the stored answer may be served.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.threshold
            .is_some_and(|threshold| self.probability >= threshold)
    }
}

/// What turned out about a pair.
#[derive(Debug, Clone)]
pub struct Label {
    pub entry: u64,
    /// As in the candidate that was judged.
    pub differing: Vec<u64>,
    pub features: Features,
    /// What was stated of it when the request came; none for pairs that were never judged.
    pub stated: Option<f64>,
    pub same: bool,
    pub origin: Origin,
}
