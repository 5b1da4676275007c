//! What is learned of one group of namespaces, a tenant's intent, and how it is written down and learned again.

use super::super::{
    answers::Answers,
    bounded::Bounded,
    candidates::Candidate,
    features::{COUNT, Features},
    policy::{Judgement, Label, Origin, Policy, Promise},
};
use crate::store::{SemanticChange, SemanticDecision};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};
use weir_contract::model::semantic::SemanticOutcome;

/// Labels that are remembered as learned. What comes a second time comes within seconds: by way of the store.
const REMEMBERED: usize = 20_000;

/// A group's learned state.
pub struct Group {
    pub policy: Policy,
    pub answers: Answers,
    promise: Promise,
    never: HashSet<(String, String)>,
    learned: Bounded<u64, ()>,
}

/// What a label is learned from, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Evidence {
    features: Vec<f64>,
    differing: Vec<u64>,
}

impl Group {
    /// A group of which nothing is known.
    #[must_use]
    pub fn new(promise: Promise) -> Group {
        Group {
            policy: Policy::new(promise),
            answers: Answers::default(),
            promise,
            never: HashSet::new(),
            learned: Bounded::new(REMEMBERED),
        }
    }

    /// Learns again what was written down, oldest first.
    #[must_use]
    pub fn restored(promise: Promise, decisions: &[SemanticDecision], never: Vec<(String, String)>) -> Group {
        let mut group = Group::new(promise);
        group.never = never.into_iter().collect();
        for decision in decisions {
            let judgement = Judgement {
                chosen: 0,
                stated: decision.stated,
                probability: decision.pair.probability,
                threshold: decision.pair.threshold,
            };
            // No draw is below nothing: what was audited is known already.
            group.policy.note(&judgement, 1.0);
            group.learn(decision);
        }
        group
    }

    /// Takes over what the admin allows.
    pub fn promise(&mut self, promise: Promise) {
        if promise != self.promise {
            self.promise = promise;
            self.policy.promise(promise);
        }
    }

    /// Learns the label of a decision, once: it may be told by whoever gave it and by the store.
    pub fn learn(&mut self, decision: &SemanticDecision) {
        let Some(label) = label_of(decision) else { return };
        let mut hasher = DefaultHasher::new();
        (
            &decision.pair.request_id,
            decision.pair.same,
            &decision.pair.origin,
        )
            .hash(&mut hasher);
        let mark = hasher.finish();
        if self.learned.get(&mark).is_none() {
            self.learned.insert(mark, ());
            self.policy.learn(&label);
        }
    }

    /// Takes over what the store says has changed.
    pub fn follow(&mut self, change: &SemanticChange) {
        match change {
            SemanticChange::Label(decision) => self.learn(decision),
            SemanticChange::Never { one, other, .. } => self.forbid(one, other),
            SemanticChange::Allowed { one, other, .. } => self.allow(one, other),
        }
    }

    /// Lets a forbidden pair match again.
    pub fn allow(&mut self, one: &str, other: &str) {
        self.never.remove(&in_order(one, other));
    }

    /// Forbids a pair of questions.
    pub fn forbid(&mut self, one: &str, other: &str) {
        self.never.insert(in_order(one, other));
    }

    /// True when somebody said that these two must never match.
    #[must_use]
    pub fn is_forbidden(&self, one: &str, other: &str) -> bool {
        !self.never.is_empty() && self.never.contains(&in_order(one, other))
    }
}

fn in_order(one: &str, other: &str) -> (String, String) {
    (one.min(other).to_owned(), one.max(other).to_owned())
}

/// What is written down of a candidate, to learn its label later.
#[must_use]
pub fn evidence_of(candidate: &Candidate) -> String {
    let evidence = Evidence {
        features: candidate.features.to_vec(),
        differing: candidate.differing.clone(),
    };
    serde_json::to_string(&evidence).unwrap_or_default()
}

/// The label of a decision. None without one, or when it was written by a Weir with other features.
#[must_use]
pub fn label_of(decision: &SemanticDecision) -> Option<Label> {
    let same = decision.pair.same?;
    let evidence: Evidence = serde_json::from_str(&decision.evidence).ok()?;
    let features: Features = <[f64; COUNT]>::try_from(evidence.features).ok()?;
    Some(Label {
        entry: u64::try_from(decision.entry_id).ok()?,
        differing: evidence.differing,
        features,
        stated: Some(decision.stated),
        same,
        origin: match decision.pair.origin.as_str() {
            "audit" => Origin::Audit,
            // What the judge says of a hit is what an audit would have said.
            "judge" if decision.pair.outcome == SemanticOutcome::Served => Origin::Audit,
            "judge" if decision.pair.outcome == SemanticOutcome::WouldServe => Origin::Shadow,
            "feedback" => Origin::Feedback,
            "shadow" if decision.pair.outcome == SemanticOutcome::WouldServe => Origin::Shadow,
            _ => Origin::Miss,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_contract::model::semantic::SemanticPair;

    fn labelled(request_id: &str, same: bool, origin: &str) -> SemanticDecision {
        let evidence = Evidence {
            features: vec![0.5; COUNT],
            differing: Vec::new(),
        };
        SemanticDecision {
            group: "g".to_owned(),
            entry_id: 1,
            key: "k".to_owned(),
            stated: 0.9,
            evidence: serde_json::to_string(&evidence).unwrap(),
            pair: SemanticPair {
                request_id: request_id.to_owned(),
                at_ms: 1,
                team: String::new(),
                intent: String::new(),
                question: "a".to_owned(),
                neighbour: "b".to_owned(),
                distance: 0.05,
                probability: 0.9,
                threshold: None,
                objections: String::new(),
                outcome: SemanticOutcome::Served,
                same: Some(same),
                origin: origin.to_owned(),
            },
        }
    }

    #[test]
    fn a_label_that_comes_by_two_ways_is_learned_once() {
        let mut group = Group::new(Promise::default());
        let decision = labelled("r", true, "audit");
        group.learn(&decision);
        group.follow(&SemanticChange::Label(Box::new(decision)));
        assert_eq!(group.learned.len(), 1);
        group.learn(&labelled("r", false, "feedback"));
        group.learn(&labelled("s", true, "audit"));
        assert_eq!(
            group.learned.len(),
            3,
            "another word and another request are others"
        );
    }

    #[test]
    fn pairs_follow_what_the_store_says_in_either_order() {
        let mut group = Group::new(Promise::default());
        let (of, one, other) = ("g".to_owned(), "a".to_owned(), "b".to_owned());
        group.follow(&SemanticChange::Never {
            group: of.clone(),
            one: one.clone(),
            other: other.clone(),
        });
        assert!(group.is_forbidden("b", "a"));
        group.follow(&SemanticChange::Allowed {
            group: of,
            one,
            other,
        });
        assert!(!group.is_forbidden("b", "a") && !group.is_forbidden("a", "b"));
    }
}
