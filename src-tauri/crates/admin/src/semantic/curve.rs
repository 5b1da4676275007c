//! `semantic.curve`: what every threshold would have meant for an intent's own traffic.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    command::semantic::SemanticCurve,
    model::semantic::{SemanticCurvePoint, SemanticOutcome, SemanticPair},
};

/// Decisions that the curve is drawn from.
const DECISIONS: u32 = 5_000;
/// Places on the curve.
const POINTS: usize = 40;

/// The curve over the newest decisions, surest first.
///
/// # Errors
/// Failures of the database.
pub async fn curve(admin: &Admin, command: SemanticCurve) -> Result<Vec<SemanticCurvePoint>, ApiError> {
    let found = admin
        .store
        .newest_decisions(Some(&command.intent), false, DECISIONS)
        .await
        .map_err(from_store)?;
    Ok(drawn(found.into_iter().map(|decision| decision.pair).collect()))
}

/// Labelled and unlabelled pairs of one kind above the threshold. Of bought ones nearly all are labelled, of served ones
/// few; each kind's labels stand for all of that kind.
#[derive(Default, Clone, Copy)]
struct Kind {
    all: f64,
    labelled: f64,
    wrong: f64,
}

impl Kind {
    fn expected_wrong(self) -> Option<f64> {
        if self.all == 0.0 {
            return Some(0.0);
        }
        (self.labelled > 0.0).then(|| self.all * self.wrong / self.labelled)
    }
}

fn drawn(mut pairs: Vec<SemanticPair>) -> Vec<SemanticCurvePoint> {
    pairs.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    let total = pairs.len();
    let step = total.div_ceil(POINTS).max(1);
    let (mut served, mut bought) = (Kind::default(), Kind::default());
    let mut points = Vec::new();
    let (mut labelled, mut wrong) = (0, 0);
    for (at, pair) in pairs.iter().enumerate() {
        let kind = if pair.outcome == SemanticOutcome::Served {
            &mut served
        } else {
            &mut bought
        };
        kind.all += 1.0;
        if let Some(same) = pair.same {
            labelled += 1;
            kind.labelled += 1.0;
            if !same {
                wrong += 1;
                kind.wrong += 1.0;
            }
        }
        let is_place = (at + 1).is_multiple_of(step) || at + 1 == total;
        if is_place {
            let hits = served.all + bought.all;
            let expected = served.expected_wrong().zip(bought.expected_wrong());
            points.push(SemanticCurvePoint {
                threshold: pair.probability,
                hit_share: hits / total as f64,
                labelled,
                wrong,
                wrong_share: expected.map(|(one, other)| (one + other) / hits),
            });
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(probability: f64, outcome: SemanticOutcome, same: Option<bool>) -> SemanticPair {
        SemanticPair {
            request_id: String::new(),
            at_ms: 0,
            team: String::new(),
            intent: String::new(),
            question: String::new(),
            neighbour: String::new(),
            distance: 0.1,
            probability,
            threshold: None,
            objections: String::new(),
            outcome,
            same,
            origin: String::new(),
        }
    }

    #[test]
    fn few_checked_hits_stand_for_all_served_ones() {
        let mut pairs = vec![pair(0.5, SemanticOutcome::Bought, Some(false)); 10];
        pairs.extend(vec![pair(0.99, SemanticOutcome::Served, None); 98]);
        pairs.push(pair(0.99, SemanticOutcome::Served, Some(true)));
        pairs.push(pair(0.99, SemanticOutcome::Served, Some(false)));
        let points = drawn(pairs);
        let last = points.last().unwrap();
        assert_eq!((last.labelled, last.wrong), (12, 11));
        // Half of a hundred served, and all of ten bought.
        assert!(
            (last.wrong_share.unwrap() - 60.0 / 110.0).abs() < 1e-9,
            "{last:?}"
        );
        assert!((last.hit_share - 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_labels_nothing_is_claimed() {
        let points = drawn(vec![pair(0.9, SemanticOutcome::Served, None); 3]);
        assert!(points.iter().all(|point| point.wrong_share.is_none()));
        assert!(drawn(Vec::new()).is_empty());
    }
}
