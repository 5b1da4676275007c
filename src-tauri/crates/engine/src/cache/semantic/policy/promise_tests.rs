//! The promise, held against generated traffic: also with wrong labels, drifting traffic and a prior that is far off.

use super::interval::wilson;
use super::logistic::sigmoid;
use super::*;
use crate::cache::semantic::draw::Draw;
use crate::cache::semantic::features::COUNT;
use crate::cache::semantic::guards::Verdicts;

/// Traffic whose truth follows a rule that is not the prior's.
struct World {
    /// Where the same turns into the different, in the scale of the second feature.
    turn: f64,
    steepness: f64,
    /// How much a conflict really says, in log-odds.
    conflict: f64,
    wrong_labels: f64,
}

struct Run {
    hits: f64,
    wrong: f64,
}

fn run(world: &World, promise: f64, requests: usize, seed: u64) -> Run {
    let mut random = Draw(seed);
    let mut policy = Policy::new(Promise {
        wrong_share: promise,
        audit_share: 0.02,
    });
    let mut run = Run {
        hits: 0.0,
        wrong: 0.0,
    };
    for at in 0..requests {
        let mut features = [0.0; COUNT];
        features[0] = 1.0;
        features[1] = random.share() * 5.0 - 3.5;
        features[3] = if random.share() < 0.3 { 1.0 } else { 0.0 };
        let odds = world.steepness * (features[1] - world.turn) + world.conflict * features[3];
        let same = random.share() < sigmoid(odds);
        let candidate = Candidate {
            entry: (at % 400) as u64,
            answer: 0,
            similarity: 0.9,
            verdicts: Verdicts::default(),
            features,
            differing: Vec::new(),
        };
        let judgement = policy.judge(std::slice::from_ref(&candidate)).unwrap();
        let audited = policy.note(&judgement, random.share());
        let served = judgement.serves();
        if served {
            run.hits += 1.0;
            run.wrong += if same { 0.0 } else { 1.0 };
        }
        if !served || audited {
            policy.learn(&Label {
                entry: candidate.entry,
                differing: Vec::new(),
                features,
                stated: Some(judgement.stated),
                same: same != (random.share() < world.wrong_labels),
                origin: if served { Origin::Audit } else { Origin::Miss },
            });
        }
    }
    run
}

const WORLDS: [World; 4] = [
    World {
        turn: -1.0,
        steepness: 4.0,
        conflict: -5.0,
        wrong_labels: 0.0,
    },
    World {
        turn: 0.5,
        steepness: 2.0,
        conflict: -1.0,
        wrong_labels: 0.0,
    },
    World {
        turn: 0.0,
        steepness: 6.0,
        conflict: -8.0,
        wrong_labels: 0.05,
    },
    World {
        turn: 0.5,
        steepness: 2.0,
        conflict: -1.0,
        wrong_labels: 0.05,
    },
];

/// So many wrong hits prove nothing.
const FEW_WRONG: f64 = 3.0;

#[test]
fn the_wrong_share_of_hits_stays_within_the_promise() {
    for (number, world) in WORLDS.iter().enumerate() {
        for promise in [0.02, 0.05] {
            for seed in 1..=4 {
                let run = run(world, promise, 6_000, seed);
                let measured = wilson(run.wrong, run.hits);
                // Where hardly anything can be hit safely, it may find that out by a few hits, of which no share can be told.
                assert!(
                    measured.low <= promise || run.wrong <= FEW_WRONG,
                    "world {number}, promise {promise}, seed {seed}: {} of {} hits wrong",
                    run.wrong,
                    run.hits
                );
            }
        }
    }
}

#[test]
fn where_questions_are_told_apart_easily_it_hits() {
    let run = run(&WORLDS[0], 0.03, 6_000, 1);
    assert!(run.hits > 1_500.0, "only {} of 6000", run.hits);
}

#[test]
fn without_labels_nothing_is_served() {
    let policy = Policy::new(Promise::default());
    assert_eq!(policy.threshold(), None);
    assert!(run(&WORLDS[0], 0.05, LEAST_LABELS, 1).hits == 0.0);
}

#[test]
fn a_promise_proven_broken_stops_it() {
    let mut policy = Policy::new(Promise::default());
    let mut features = [0.0; COUNT];
    (features[0], features[1]) = (1.0, 1.5);
    let label = |same, origin| Label {
        entry: 1,
        differing: Vec::new(),
        features,
        stated: Some(0.999),
        same,
        origin,
    };
    let candidate = Candidate {
        entry: 1,
        answer: 0,
        similarity: 1.0,
        verdicts: Verdicts::default(),
        features,
        differing: Vec::new(),
    };
    for _ in 0..300 {
        policy.learn(&label(true, Origin::Miss));
        let judgement = policy.judge(std::slice::from_ref(&candidate)).unwrap();
        policy.note(&judgement, 1.0);
    }
    assert!(policy.threshold().is_some());
    for _ in 0..5 {
        policy.learn(&label(false, Origin::Audit));
    }
    assert_eq!(policy.threshold(), None, "five wrong of five audited prove it");
}
