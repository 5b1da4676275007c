//! Makes labels of an answer that was bought, and stores its question for those that come after.

use super::{
    ask::Asked,
    compare::{Agreement, Vectors, compare},
    judge::{Disputed, judge},
};
use crate::{
    cache::entry::KeptAnswer,
    engine::Engine,
    request::Answer,
    store::{NewSemanticEntry, SemanticEntry, SemanticLabel},
};
use std::sync::Arc;
use weir_contract::{NanoUsd, model::semantic::SemanticOutcome};

/// What became of the purchase.
pub(crate) struct Bought {
    pub(crate) answer: Answer,
    pub(crate) cost_nanousd: NanoUsd,
    /// Key and expiry of the kept answer; none where it was not kept.
    pub(crate) kept: Option<(String, i64)>,
}

/// Learns from the purchase and stores the question. Runs in a task of its own: the client has its answer already.
pub(crate) async fn learn(engine: Arc<Engine>, asked: Asked, bought: Bought) {
    // The caps may have sent the call to other models, whose answers say nothing about these neighbours.
    let is_comparable = bought
        .kept
        .as_ref()
        .is_none_or(|(key, _)| *key == asked.asked_key);
    let mut equal = Vec::new();
    let mut of_chosen = Agreement::Unknown;
    if is_comparable {
        (equal, of_chosen) = label(&engine, &asked, &bought).await;
    }
    if is_comparable && asked.audits.is_none() {
        store_question(&engine, &asked, &bought, &equal).await;
    }
    // Last: the judge takes its time.
    if let Agreement::Open(fresh, kept) = of_chosen {
        have_judged(&engine, &asked, &bought, (&fresh, &kept)).await;
    }
}

/// Stores the question for those that come after.
async fn store_question(engine: &Engine, asked: &Asked, bought: &Bought, equal: &[u64]) {
    let Some((key, expires_ms)) = bought.kept.clone() else {
        return;
    };
    let entry = NewSemanticEntry {
        base: *asked.base.as_bytes(),
        namespace: *asked.namespace.as_bytes(),
        embedder: asked.embedder.clone(),
        group: asked.group.clone(),
        key,
        question: asked.question.clone(),
        answer_id: equal.first().and_then(|id| i64::try_from(*id).ok()).unwrap_or(0),
        expires_ms,
        vector: asked.vector.clone(),
    };
    match engine.store.put_question(entry.clone()).await {
        Ok(Some(id)) => engine.semantic.insert(&SemanticEntry { id, entry }),
        // A clear took the answer meanwhile.
        Ok(None) => {}
        Err(problem) => engine.store_failed(&format!("a question could not be stored: {problem}")),
    }
}

/// Compares the fresh answer with those of the candidates. Returns the answers that it was found equal to, and what it is to
/// that of the candidate that was decided on.
async fn label(engine: &Engine, asked: &Asked, bought: &Bought) -> (Vec<u64>, Agreement) {
    let Ok(embedder) = engine.semantic.embedder() else {
        return (Vec::new(), Agreement::Unknown);
    };
    let mut vectors = Vectors::new(embedder);
    let (mut equal, mut different, mut of_chosen) = (Vec::new(), Vec::new(), Agreement::Unknown);
    for (at, (candidate, (key, _))) in asked.found.candidates.iter().zip(&asked.found.stored).enumerate() {
        let agreement = match kept_answer(engine, key).await {
            Some(kept) => compare(&mut vectors, &bought.answer, &kept).await,
            None => Agreement::Unknown,
        };
        match agreement.known() {
            Some(true) => equal.push(candidate.answer),
            Some(false) => different.push(candidate.answer),
            None => {}
        }
        if asked.found.judgement.is_some_and(|judged| judged.chosen == at) {
            of_chosen = agreement;
        }
    }
    engine.semantic.with_group(&asked.group, |group| {
        // The number of the new entry is not known yet; what matters here is which answers are one.
        group.answers.store(0, &equal, &different);
        group.answers.forget(0);
    });
    write_down(engine, asked, bought, of_chosen.known()).await;
    (equal, of_chosen)
}

/// Writes the decision with its label, and learns the label.
async fn write_down(engine: &Engine, asked: &Asked, bought: &Bought, same: Option<bool>) {
    let Some(mut decision) = asked.decision.clone() else {
        return;
    };
    if let Some(request_id) = &asked.audits {
        let Some(same) = same else {
            return;
        };
        let label = SemanticLabel {
            request_id: request_id.clone(),
            same,
            origin: "audit",
            audit_nanousd: bought.cost_nanousd.0,
        };
        if let Err(problem) = engine.store.label_decision(label).await {
            engine.store_failed(&format!("an audit could not be written down: {problem}"));
        }
        decision.pair.origin = "audit".to_owned();
    } else {
        decision.pair.origin = match (same, decision.pair.outcome) {
            (None, _) => "",
            (_, SemanticOutcome::WouldServe) => "shadow",
            _ => "miss",
        }
        .to_owned();
        decision.pair.same = same;
        if let Err(problem) = engine.store.record_decision(decision.clone()).await {
            engine.store_failed(&format!(
                "a semantic decision could not be written down: {problem}"
            ));
        }
    }
    decision.pair.same = same;
    engine
        .semantic
        .with_group(&asked.group, |group| group.learn(&decision));
}

/// Asks the judge about what is open, and learns what it says.
async fn have_judged(engine: &Arc<Engine>, asked: &Asked, bought: &Bought, (fresh, kept): (&str, &str)) {
    let Some(mut decision) = asked.decision.clone() else {
        return;
    };
    let request_id = decision.pair.request_id.clone();
    let disputed = Disputed {
        question: &asked.question,
        fresh,
        kept,
        request_id: &request_id,
    };
    let Some(same) = judge(engine, disputed).await else {
        return;
    };
    let label = SemanticLabel {
        request_id,
        same,
        origin: "judge",
        // Of an audit, what it cost; what the judge cost is its own request's.
        audit_nanousd: asked.audits.as_ref().map_or(0, |_| bought.cost_nanousd.0),
    };
    match engine.store.label_decision(label).await {
        // What a person said meanwhile stands.
        Ok(Some(written)) if written.pair.origin == "judge" => {
            decision.pair.same = Some(same);
            "judge".clone_into(&mut decision.pair.origin);
            engine
                .semantic
                .with_group(&asked.group, |group| group.learn(&decision));
        }
        Ok(_) => {}
        Err(problem) => engine.store_failed(&format!("a judgement could not be written down: {problem}")),
    }
}

/// The answer of a key, wherever it is kept.
async fn kept_answer(engine: &Engine, key: &str) -> Option<Answer> {
    let now_ms = engine.clock.now_ms();
    if let Some(cached) = engine.memory.get(key, now_ms, &engine.settings().app_version) {
        return Some(cached.kept.answer.clone());
    }
    let entry = engine.store.get_entry(key, now_ms).await.ok()??;
    KeptAnswer::decode(&entry.body).map(|kept| kept.answer)
}
