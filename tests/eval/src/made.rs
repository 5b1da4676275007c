//! Sets that are made here, so that every change can be measured anywhere: questions of a company's workflows, with the
//! noise that people and programs add, and traps that change one thing.

use crate::data::{Pair, PairSet, Sets, Stream};
use crate::made_intents;
use crate::random::Random;
use std::collections::HashSet;

/// Wordings of one question; `{a}`, `{b}` and `{c}` are filled. The first slot of each kind comes from `SLOTS`.
const QUESTIONS: &[(&[&str], [usize; 3])] = &[
    (
        &[
            "What was the revenue of {a} in {b} {c}?",
            "How much revenue did {a} make in {b} {c}?",
            "{a} revenue for {b} {c}",
        ],
        [0, 1, 2],
    ),
    (
        &[
            "Write an email to {a} that moves our call to {b}",
            "Draft a mail to {a} moving our call to {b}",
        ],
        [3, 4, 0],
    ),
    (
        &[
            "How do I restart {a} on {b}?",
            "What are the steps to restart {a} on {b}?",
            "Restarting {a} on {b}: how is it done?",
        ],
        [5, 6, 0],
    ),
    (
        &[
            "Ship {c} boxes from {a} to {b}",
            "Send {c} boxes to {b} from {a}",
            "Arrange a shipment of {c} boxes from {a} to {b}",
        ],
        [7, 7, 8],
    ),
    (
        &[
            "Which suppliers in {a} have been paid in {b}?",
            "List the {a} suppliers that were paid in {b}",
        ],
        [7, 1, 0],
    ),
    (
        &[
            "Which suppliers in {a} have not been paid in {b}?",
            "List the {a} suppliers that were not paid in {b}",
        ],
        [7, 1, 0],
    ),
    (
        &["Is {a} allowed on a {b} visa?", "Does a {b} visa allow {a}?"],
        [9, 10, 0],
    ),
    (
        &["Round {c} to {a} decimals", "Give {c} with {a} decimals"],
        [8, 0, 8],
    ),
];
const SLOTS: [&[&str]; 11] = [
    &[
        "Acme", "Globex", "Initech", "Umbrella", "Hooli", "Vandelay", "Stark", "Wayne",
    ],
    &["January", "March", "April", "June", "September", "November"],
    &["2021", "2022", "2023", "2024"],
    &["Anna", "Bruno", "Chen", "Divya", "Emil", "Fatima"],
    &["Monday", "Tuesday", "Thursday", "Friday"],
    &["nginx", "postgres", "redis", "kafka", "vault"],
    &["Ubuntu", "Windows", "Fedora", "macOS"],
    &["Oslo", "Lima", "Porto", "Ghent", "Kyiv", "Tunis"],
    &["12", "40", "250", "1,500", "7", "3"],
    &["freelancing", "teaching", "volunteering", "internships"],
    &["student", "tourist", "work"],
];
const BEFORE: [&str; 6] = ["", "", "Hi, ", "Please: ", "Quick one. ", "For my report: "];
const AFTER: [&str; 5] = ["", "", " Thanks!", " please", " - asap"];

/// Made pairs and a made stream.
pub(crate) fn sets(most: usize) -> Sets {
    Sets {
        pairs: vec![pairs()],
        streams: vec![stream(most.min(6_000)), made_intents::stream(most.min(3_000))],
    }
}

fn fill(wording: &str, slots: &[&str; 3]) -> String {
    wording
        .replace("{a}", slots[0])
        .replace("{b}", slots[1])
        .replace("{c}", slots[2])
}

fn draw(random: &mut Random, kinds: [usize; 3]) -> [&'static str; 3] {
    kinds.map(|kind| *random.of(SLOTS[kind]))
}

/// Pairs of questions of the made stream, equal or with one thing changed.
pub(crate) fn pairs() -> PairSet {
    let mut random = Random(7);
    let mut pairs = Vec::new();
    while pairs.len() < 1_000 {
        let (wordings, kinds) = random.of(QUESTIONS);
        let slots = draw(&mut random, *kinds);
        let (one, other) = (*random.of(wordings), *random.of(wordings));
        let first = fill(one, &slots);
        let mut changed = slots;
        let at = random.below(3);
        changed[at] = *random.of(SLOTS[kinds[at]]);
        for (text, same) in [(fill(other, &slots), true), (fill(other, &changed), false)] {
            let is_trap = !same && fill(one, &changed) != first;
            if text != first && (same || is_trap) {
                pairs.push(Pair {
                    one: first.clone(),
                    other: text,
                    same,
                });
            }
        }
    }
    PairSet {
        name: "made pairs".to_owned(),
        pairs,
    }
}

fn stream(most: usize) -> Stream {
    let mut random = Random(11);
    let classes: Vec<(usize, [&str; 3])> = (0..most / 6)
        .map(|_| {
            let question = random.below(QUESTIONS.len());
            (question, draw(&mut random, QUESTIONS[question].1))
        })
        .collect();
    let mut seen = HashSet::new();
    let mut requests = Vec::new();
    for _ in 0..most * 8 {
        if requests.len() == most {
            break;
        }
        // A few questions are asked often and most of them seldom.
        let share = random.share();
        let (question, slots) = classes[((share * share) * classes.len() as f64) as usize];
        let body = fill(random.of::<&str>(QUESTIONS[question].0), &slots);
        let text = format!("{}{body}{}", random.of(&BEFORE), random.of(&AFTER));
        let text = if random.share() < 0.2 {
            text.to_lowercase()
        } else {
            text
        };
        let class = format!("{question} {}", fill(QUESTIONS[question].0[0], &slots));
        if seen.insert(text.to_lowercase()) {
            requests.push((text, class));
        }
    }
    Stream {
        name: "made stream".to_owned(),
        requests,
    }
}
