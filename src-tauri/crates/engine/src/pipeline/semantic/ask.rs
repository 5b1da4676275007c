//! Asks for an answer that was given to a question that means the same, and writes down why it is served or not.

use super::{super::replay, may_ask::question_of};
use crate::{
    cache::{
        entry::CachedAnswer,
        semantic::{
            guards::{Level, Verdict, Verdicts},
            namespace::{Base, Namespace},
            policy::Promise,
            running::{Found, group::evidence_of},
        },
    },
    call::Call,
    engine::Engine,
    pipeline::{Journal, Prepared},
    settings::Settings,
    store::SemanticDecision,
};
use std::{sync::Arc, time::Duration};
use weir_contract::model::semantic::{
    SemanticMode, SemanticOutcome, SemanticPair, SemanticPolicy, SemanticRule,
};

/// An embedder that takes longer than this costs more than it saves; the call goes on without.
const PATIENCE: Duration = Duration::from_millis(500);
/// Share of hits that are bought all the same.
const AUDIT_SHARE: f64 = 0.02;

/// What was found out about a call's question, for the purchase that may follow and the labels that it brings.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(super) base: Base,
    pub(super) namespace: Namespace,
    pub(super) embedder: String,
    pub(super) group: String,
    pub(super) question: String,
    pub(super) vector: Vec<f32>,
    pub(super) found: Found,
    /// What is written down of it; none without a neighbour.
    pub(super) decision: Option<SemanticDecision>,
    /// The request whose hit this purchase checks.
    pub(super) audits: Option<String>,
    /// The exact key that the call had when it was asked; the caps may give it another.
    pub(super) asked_key: String,
}

/// What is to be done.
pub(crate) struct Asking {
    /// To be served now.
    pub(crate) hit: Option<Arc<CachedAnswer>>,
    /// None where similarity was not asked.
    pub(crate) asked: Option<Asked>,
}

const NOTHING: Asking = Asking {
    hit: None,
    asked: None,
};

/// Asks, unless the intent's rule or the call itself speaks against it. Never fails: what goes wrong is noted, and the call
/// goes on as if nothing similar were stored.
pub(crate) async fn ask(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    journal: &mut Journal,
) -> Asking {
    let rule = settings.semantic_rule(&prepared.intent);
    let Some(key) = &prepared.cache_key else {
        return NOTHING;
    };
    if rule.mode == SemanticMode::Off {
        return NOTHING;
    }
    let question = match question_of(prepared.chat.as_deref(), &rule) {
        Ok(question) => question,
        Err(why) => {
            note_if_on(&rule, journal, &format!("not asked: {why}"));
            return NOTHING;
        }
    };
    let Some(base) = prepared.semantic_base(settings, call) else {
        return NOTHING;
    };
    let embedder = match engine.semantic.embedder() {
        Ok(embedder) => embedder,
        Err(why) => {
            note_if_on(&rule, journal, &format!("not asked: {why}"));
            return NOTHING;
        }
    };
    let embedded = tokio::time::timeout(PATIENCE, embedder.embed(&question)).await;
    let vector = match embedded {
        Ok(Ok(vector)) => vector,
        Ok(Err(failure)) => {
            journal.note("semantic", format!("not asked: {failure}"), &[]);
            return NOTHING;
        }
        Err(_) => {
            journal.note("semantic", "not asked: the embedder took longer than 500 ms", &[]);
            return NOTHING;
        }
    };
    let namespace = base.with_embedder(embedder.id());
    let group = format!("{}\u{1f}{}", prepared.tenant(call), prepared.intent);
    let promise = Promise {
        wrong_share: f64::from(rule.most_wrong_permille) / 1_000.0,
        audit_share: AUDIT_SHARE,
    };
    let now_ms = engine.clock.now_ms();
    let store = engine.store.as_ref();
    if let Err(problem) = engine
        .semantic
        .load(store, namespace, &group, promise, now_ms)
        .await
    {
        journal.note("semantic", format!("not asked: {problem}"), &[]);
        return NOTHING;
    }
    let moment = (now_ms, engine.draw());
    let found = engine
        .semantic
        .find(namespace, &group, promise, &question, &vector, moment);
    let mut asked = Asked {
        base,
        namespace,
        embedder: embedder.id().to_owned(),
        group,
        question,
        vector,
        found,
        decision: None,
        audits: None,
        asked_key: key.clone(),
    };
    let hit = decide(engine, settings, prepared, &rule, &mut asked, journal).await;
    Asking {
        hit,
        asked: Some(asked),
    }
}

/// With no rule of their own most calls are in shadow; the traces of those that could never be served stay short.
fn note_if_on(rule: &SemanticRule, journal: &mut Journal, what: &str) {
    if rule.mode == SemanticMode::On {
        journal.note("semantic", what, &[]);
    }
}

/// Decides by the rule, and fetches the answer of what is to be served.
async fn decide(
    engine: &Engine,
    settings: &Settings,
    prepared: &Prepared,
    rule: &SemanticRule,
    asked: &mut Asked,
    journal: &mut Journal,
) -> Option<Arc<CachedAnswer>> {
    let found = &asked.found;
    let Some(judgement) = found.judgement else {
        journal.note("semantic", "no question near this one is stored", &[]);
        return None;
    };
    let level = if rule.strict { Level::Strict } else { Level::Normal };
    let distance = |at: usize| 1.0 - f64::from(found.candidates[at].similarity);
    let vetoed = |at: usize| found.candidates[at].verdicts.veto(level);
    let (chosen, threshold, is_sure) = match rule.policy {
        SemanticPolicy::Learned => {
            let at = judgement.chosen;
            // The learned weights hold the guards' word already; only the strict level lets them forbid as well.
            let is_sure = judgement.serves() && !(rule.strict && vetoed(at).is_some());
            (at, judgement.threshold, is_sure)
        }
        SemanticPolicy::Distance => {
            let most = f64::from(rule.most_distance_permille) / 1_000.0;
            let passes = |at: &usize| distance(*at) <= most && vetoed(*at).is_none();
            let passing = (0..found.candidates.len()).find(passes);
            (passing.unwrap_or(0), None, passing.is_some())
        }
    };
    let (key, neighbour) = found.stored[chosen].clone();
    let is_forbidden = found.forbidden[chosen];
    let mut outcome = match (is_sure && !is_forbidden, rule.mode) {
        (true, SemanticMode::On) => SemanticOutcome::Served,
        (true, _) => SemanticOutcome::WouldServe,
        (false, _) => SemanticOutcome::Bought,
    };
    let mut hit = None;
    if outcome == SemanticOutcome::Served {
        hit = replay::look_up(engine, settings, &key, journal).await;
        if hit.is_none() {
            engine.semantic.forget_key(&key);
            outcome = SemanticOutcome::Bought;
        }
    }
    let objections = in_words(&found.candidates[chosen].verdicts);
    let decision = SemanticDecision {
        pair: SemanticPair {
            request_id: journal.row.id.clone(),
            at_ms: journal.row.started_ms,
            team: journal.row.team.clone(),
            intent: prepared.intent.clone(),
            question: asked.question.clone(),
            neighbour,
            distance: distance(chosen),
            probability: judgement.probability,
            threshold,
            objections,
            outcome,
            same: None,
            origin: String::new(),
        },
        group: asked.group.clone(),
        entry_id: i64::try_from(found.candidates[chosen].entry).unwrap_or(0),
        key,
        stated: found.stated[chosen],
        evidence: evidence_of(&found.candidates[chosen]),
    };
    note_decision(journal, rule, &decision.pair, is_forbidden);
    // What the decision speaks of is the one to be labelled.
    if let Some(judgement) = &mut asked.found.judgement {
        judgement.chosen = chosen;
    }
    asked.decision = Some(decision);
    hit
}

fn note_decision(journal: &mut Journal, rule: &SemanticRule, pair: &SemanticPair, is_forbidden: bool) {
    let decision = match pair.outcome {
        SemanticOutcome::Served => "an answer to a question that means the same is served",
        SemanticOutcome::WouldServe => "in shadow: an answer would be served; it is bought all the same",
        SemanticOutcome::Bought if is_forbidden => "these two questions were said never to match",
        SemanticOutcome::Bought if rule.policy == SemanticPolicy::Learned && pair.threshold.is_none() => {
            "not served: too little evidence yet to keep the promise"
        }
        SemanticOutcome::Bought => "not served: not sure enough",
    };
    let threshold = match (rule.policy, pair.threshold) {
        (SemanticPolicy::Distance, _) => {
            format!("distance {:.3}", f64::from(rule.most_distance_permille) / 1_000.0)
        }
        (_, Some(threshold)) => format!("{threshold:.4}"),
        (_, None) => "none yet".to_owned(),
    };
    let guards = if pair.objections.is_empty() {
        "all clear"
    } else {
        &pair.objections
    };
    journal.note(
        "semantic",
        decision,
        &[
            ("neighbour", pair.neighbour.clone()),
            ("distance", format!("{:.4}", pair.distance)),
            ("guards", guards.to_owned()),
            ("probability", format!("{:.4}", pair.probability)),
            ("threshold", threshold),
            ("mode", rule.mode.as_str().to_owned()),
        ],
    );
}

fn in_words(verdicts: &Verdicts) -> String {
    let said: Vec<String> = verdicts
        .objections()
        .map(|(guard, verdict)| match verdict {
            Verdict::OneSided => format!("{} on one side", guard.name()),
            _ => format!("{} conflict", guard.name()),
        })
        .collect();
    said.join(", ")
}
