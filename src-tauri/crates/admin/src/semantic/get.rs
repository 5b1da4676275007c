//! `semantic.get`: the embedder, the index, and what the cache does for each intent.

use super::KIND;
use crate::{Admin, config, from_store};
use std::collections::BTreeSet;
use weir_contract::{
    ApiError, NanoUsd,
    command::semantic::SemanticGet,
    model::{
        semantic::{MeasuredShare, SemanticIntent, SemanticMode, SemanticRule, SemanticState},
        time::TimeRange,
    },
};
use weir_engine::{
    cache::semantic::policy::interval::wilson,
    store::{Dimension, EMBED_EVENT, JUDGE_EVENT, SemanticSums},
};

/// How far back the sums go.
const SPAN_MS: i64 = 30 * 86_400_000;
/// Would-be hits that must have been checked before it is proposed to switch on.
const LEAST_CHECKED: i64 = 100;

/// The whole state.
///
/// # Errors
/// Failures of the database.
pub async fn get(admin: &Admin, _command: SemanticGet) -> Result<SemanticState, ApiError> {
    let (embedder, memory_entries, memory_bytes) = admin.live.semantic();
    let problem = admin.live.embedder_problem();
    let left_to_embed = match &embedder {
        Ok(id) => left(admin, id).await?,
        Err(_) => 0,
    };
    let rules = config::all::<SemanticRule>(admin, KIND).await?;
    let since_ms = admin.clock.now_ms() - SPAN_MS;
    let sums = admin.store.decision_sums(since_ms).await.map_err(from_store)?;
    let (entries, _) = admin.store.question_count().await.map_err(from_store)?;
    let mut names: BTreeSet<String> = BTreeSet::from([SemanticRule::ANY.to_owned()]);
    names.extend(rules.iter().map(|stored| stored.name.clone()));
    names.extend(sums.iter().map(|sums| sums.intent.clone()));
    names.extend(admin.live.intents().into_iter().map(|intent| intent.name));
    let rule_of = |name: &str| rules.iter().find(|stored| stored.name == name);
    let intents = names.into_iter().map(|name| {
        let own = rule_of(&name);
        let rule = match own.or_else(|| rule_of(SemanticRule::ANY)) {
            Some(stored) => SemanticRule {
                intent: name.clone(),
                ..stored.value.clone()
            },
            None => SemanticRule::usual(&name),
        };
        let found = sums.iter().find(|sums| sums.intent == name);
        intent(rule, own.map_or(0, |stored| stored.version), found)
    });
    Ok(SemanticState {
        problem: embedder.as_ref().err().cloned().or(problem),
        left_to_embed,
        embedding_nanousd: cost_of(admin, EMBED_EVENT).await?,
        judge_nanousd: cost_of(admin, JUDGE_EVENT).await?,
        embedder: embedder.ok(),
        entries,
        memory_entries,
        memory_bytes,
        intents: intents.collect(),
    })
}

/// Questions and items whose vectors are another embedder's.
async fn left(admin: &Admin, embedder: &str) -> Result<i64, ApiError> {
    let questions = admin.store.count_questions_of_others(embedder).await;
    let items = admin.store.count_items_of_others(embedder).await;
    Ok(questions.map_err(from_store)? + items.map_err(from_store)?)
}

/// What the calls of one of Weir's own events cost in the last 30 days.
async fn cost_of(admin: &Admin, event: &str) -> Result<NanoUsd, ApiError> {
    let now_ms = admin.clock.now_ms();
    let hour_ms = 3_600_000;
    let range = TimeRange {
        from_ms: (now_ms - SPAN_MS) / hour_ms * hour_ms,
        to_ms: now_ms + hour_ms,
    };
    let hours = admin.store.value_hours(Dimension::Event, event, range).await;
    let cost = hours
        .map_err(from_store)?
        .iter()
        .map(|hour| hour.cost_nanousd)
        .sum();
    Ok(NanoUsd(cost))
}

fn intent(rule: SemanticRule, version: i64, sums: Option<&SemanticSums>) -> SemanticIntent {
    let sums = sums.cloned().unwrap_or_default();
    let interval = wilson(sums.wrong as f64, sums.checked as f64);
    let audited = MeasuredShare {
        wrong: sums.wrong,
        checked: sums.checked,
        share: interval.share,
        low: interval.low,
        high: interval.high,
    };
    SemanticIntent {
        proposal: proposal(&rule, &sums, audited),
        rule,
        version,
        judged: sums.judged,
        served: sums.served,
        would_serve: sums.would_serve,
        labels: sums.labels,
        audited,
        audit_nanousd: NanoUsd(sums.audit_nanousd),
    }
}

/// Switching on is proposed when the whole interval of what was measured in shadow lies within the promise.
fn proposal(rule: &SemanticRule, sums: &SemanticSums, audited: MeasuredShare) -> Option<String> {
    let promised = f64::from(rule.most_wrong_permille) / 1_000.0;
    let is_proven = sums.checked >= LEAST_CHECKED && audited.high <= promised;
    (rule.mode == SemanticMode::Shadow && is_proven).then(|| {
        format!(
            "Switch it on: {} of {} judged requests would have been hits; of {} that were checked {} differed ({:.1} % to {:.1} %), where at most {:.1} % are promised.",
            sums.would_serve,
            sums.judged,
            sums.checked,
            sums.wrong,
            audited.low * 100.0,
            audited.high * 100.0,
            promised * 100.0
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(checked: i64, wrong: i64) -> SemanticSums {
        SemanticSums {
            intent: "faq".into(),
            judged: 1_000,
            would_serve: checked,
            checked,
            wrong,
            ..SemanticSums::default()
        }
    }

    #[test]
    fn switching_on_is_proposed_by_evidence_alone() {
        let said = |rule: SemanticRule, checked, wrong| intent(rule, 1, Some(&sums(checked, wrong))).proposal;
        let shadow = SemanticRule::usual("faq");
        assert!(said(shadow.clone(), 400, 2).is_some_and(|text| text.contains("of 400")));
        assert_eq!(said(shadow.clone(), 50, 0), None, "too few");
        assert_eq!(said(shadow.clone(), 400, 12), None, "3 % measured may be 5 %");
        let on = SemanticRule {
            mode: SemanticMode::On,
            ..shadow
        };
        assert_eq!(said(on, 400, 0), None, "it is on");
    }
}
