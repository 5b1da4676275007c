//! The semantic cache of the fake: two intents, a curve and some pairs, all made up.

use super::shelf::Shelf;
use weir_contract::{
    ApiError, NanoUsd,
    command::semantic::{SemanticAllow, SemanticFeedback, SemanticPairs, SemanticSave},
    model::semantic::{
        MeasuredShare, SemanticCurvePoint, SemanticIntent, SemanticMode, SemanticNeverPair, SemanticOutcome,
        SemanticPair, SemanticRule, SemanticState,
    },
};

/// What was changed since the profile was opened.
#[derive(Default)]
pub(super) struct SemanticShelf {
    rules: Vec<(SemanticRule, i64)>,
    judged: Vec<(String, bool)>,
    never: Vec<SemanticNeverPair>,
}

pub(super) fn state(shelf: &Shelf) -> SemanticState {
    let intent = |name: &str, mode, judged, checked, wrong| {
        let saved = shelf.semantic.rules.iter().find(|(rule, _)| rule.intent == name);
        let usual = SemanticRule {
            mode,
            ..SemanticRule::usual(name)
        };
        let (rule, version) = saved.cloned().unwrap_or((usual, 0));
        let share = if checked == 0 {
            0.0
        } else {
            wrong as f64 / checked as f64
        };
        let audited = MeasuredShare {
            wrong,
            checked,
            share,
            low: share / 2.0,
            high: share * 1.6,
        };
        let is_proposed = checked > 100 && rule.mode == SemanticMode::Shadow;
        SemanticIntent {
            served: if mode == SemanticMode::On { judged * 2 / 5 } else { 0 },
            would_serve: if mode == SemanticMode::On { 0 } else { judged / 3 },
            judged,
            labels: judged / 2,
            audited,
            audit_nanousd: NanoUsd(checked * 41_000),
            proposal: is_proposed.then(|| {
                "Switch it on: 412 of 1,236 judged requests would have been hits; of 412 that were checked 3 differed (0.4 % to 1.2 %), where at most 3.0 % are promised."
                    .to_owned()
            }),
            rule,
            version,
        }
    };
    SemanticState {
        embedder: Some("all-MiniLM-L6-v2 int8 1".to_owned()),
        problem: None,
        left_to_embed: 0,
        embedding_nanousd: NanoUsd::ZERO,
        judge_nanousd: NanoUsd::ZERO,
        entries: 8_412,
        memory_entries: 6_120,
        memory_bytes: 6_900_000,
        intents: vec![
            intent(SemanticRule::ANY, SemanticMode::Shadow, 0, 0, 0),
            intent("faq", SemanticMode::On, 2_310, 46, 1),
            intent("summarize", SemanticMode::Shadow, 1_236, 412, 3),
        ],
    }
}

pub(super) fn save(shelf: &mut Shelf, save: SemanticSave) -> Result<i64, ApiError> {
    save.rule.check().map_err(ApiError::invalid)?;
    let version = save.expected_version + 1;
    let rules = &mut shelf.semantic.rules;
    rules.retain(|(rule, _)| rule.intent != save.rule.intent);
    rules.push((save.rule, version));
    Ok(version)
}

pub(super) fn curve() -> Vec<SemanticCurvePoint> {
    let point = |at: i64| {
        let share = at as f64 / 40.0;
        SemanticCurvePoint {
            threshold: 0.999 - 0.45 * share * share,
            hit_share: share * 0.8,
            labelled: at * 21,
            wrong: at * at / 9,
            wrong_share: Some(0.12 * share * share * share),
        }
    };
    (1..=40).map(point).collect()
}

pub(super) fn pairs(shelf: &Shelf, asked: &SemanticPairs) -> Vec<SemanticPair> {
    let made = [
        (
            "How do I change my delivery address?",
            "Where can I change the address for deliveries?",
            0.06,
            0.993,
            true,
        ),
        (
            "What does the basic plan cost per month?",
            "What does the basic plan cost per year?",
            0.04,
            0.41,
            false,
        ),
        (
            "Can I return shoes that I have worn?",
            "Is it possible to return worn shoes?",
            0.08,
            0.984,
            true,
        ),
        (
            "Do you ship to Norway?",
            "Do you deliver to customers in Norway?",
            0.10,
            0.971,
            false,
        ),
    ];
    let pair =
        |(at, (question, neighbour, distance, probability, same)): (usize, (&str, &str, f64, f64, bool))| {
            let request_id = format!("01980000-0000-7000-8000-00000000000{at}");
            let said = shelf.semantic.judged.iter().find(|(id, _)| *id == request_id);
            SemanticPair {
                at_ms: shelf.now_ms - 240_000 * (at as i64 + 1),
                team: "support".to_owned(),
                intent: "faq".to_owned(),
                question: question.to_owned(),
                neighbour: neighbour.to_owned(),
                distance,
                probability,
                threshold: Some(0.948),
                objections: if distance < 0.05 {
                    "calendar conflict".to_owned()
                } else {
                    String::new()
                },
                outcome: if probability > 0.948 {
                    SemanticOutcome::Served
                } else {
                    SemanticOutcome::Bought
                },
                same: said.map_or(Some(same), |(_, same)| Some(*same)),
                origin: if said.is_some() { "feedback" } else { "audit" }.to_owned(),
                request_id,
            }
        };
    let all = made.into_iter().enumerate().map(pair);
    let wanted = |pair: &SemanticPair| {
        let is_wrong_hit = pair.same == Some(false) && pair.outcome == SemanticOutcome::Served;
        (!asked.review || is_wrong_hit) && asked.intent.as_ref().is_none_or(|intent| pair.intent == *intent)
    };
    all.filter(wanted).collect()
}

pub(super) fn feedback(shelf: &mut Shelf, said: &SemanticFeedback) -> Result<SemanticPair, ApiError> {
    let judged = &mut shelf.semantic.judged;
    judged.retain(|(id, _)| *id != said.request_id);
    judged.push((said.request_id.clone(), said.same));
    let all = SemanticPairs {
        intent: None,
        review: false,
        limit: 200,
    };
    let found = pairs(shelf, &all)
        .into_iter()
        .find(|pair| pair.request_id == said.request_id);
    if let Some(pair) = found.as_ref().filter(|_| !said.same) {
        let forbidden = SemanticNeverPair {
            group: format!("{}\u{1f}{}", pair.team, pair.intent),
            intent: pair.intent.clone(),
            one: pair.question.clone().min(pair.neighbour.clone()),
            other: pair.question.clone().max(pair.neighbour.clone()),
            at_ms: shelf.now_ms,
            who: "window".to_owned(),
        };
        shelf
            .semantic
            .never
            .retain(|known| known.one != forbidden.one || known.other != forbidden.other);
        shelf.semantic.never.insert(0, forbidden);
    }
    found.ok_or_else(|| ApiError::not_found("the semantic cache served nothing on this request"))
}

pub(super) fn never(shelf: &Shelf) -> Vec<SemanticNeverPair> {
    shelf.semantic.never.clone()
}

pub(super) fn allow(shelf: &mut Shelf, asked: &SemanticAllow) -> bool {
    let never = &mut shelf.semantic.never;
    let before = never.len();
    never
        .retain(|known| (&known.group, &known.one, &known.other) != (&asked.group, &asked.one, &asked.other));
    never.len() < before
}
