//! The rows of the semantic cache.

use crate::sample::{START_MS, entry};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use weir_contract::model::{
    cache::CacheSelector,
    semantic::{SemanticOutcome, SemanticPair},
};
use weir_engine::store::{NewSemanticEntry, SemanticChange, SemanticDecision, SemanticLabel, Store};

const LATER_MS: i64 = START_MS + 60_000;

fn question(key: &str, namespace: u8) -> NewSemanticEntry {
    NewSemanticEntry {
        base: [7; 32],
        namespace: [namespace; 32],
        embedder: "model 1".to_owned(),
        group: "t\u{1f}faq".to_owned(),
        key: key.to_owned(),
        question: format!("What is {key}?"),
        answer_id: 0,
        expires_ms: LATER_MS,
        vector: (0..384).map(|at| at as f32 / 1_000.0 - 0.1).collect(),
    }
}

async fn put(store: &Arc<dyn Store>, entry_of: NewSemanticEntry) -> i64 {
    store.put_entry(entry(&entry_of.key, START_MS)).await.unwrap();
    store.put_question(entry_of).await.unwrap().unwrap()
}

fn decision(request_id: &str, intent: &str, outcome: SemanticOutcome) -> SemanticDecision {
    SemanticDecision {
        group: format!("t\u{1f}{intent}"),
        entry_id: 3,
        key: "k".to_owned(),
        stated: 0.875,
        evidence: "{}".to_owned(),
        pair: SemanticPair {
            request_id: request_id.to_owned(),
            at_ms: START_MS,
            team: "red".to_owned(),
            intent: intent.to_owned(),
            question: "How old is it?".to_owned(),
            neighbour: "What age has it?".to_owned(),
            distance: 0.0625,
            probability: 0.75,
            threshold: None,
            objections: String::new(),
            outcome,
            same: None,
            origin: String::new(),
        },
    }
}

fn label(request_id: &str, same: bool, origin: &'static str, audit_nanousd: i64) -> SemanticLabel {
    SemanticLabel {
        request_id: request_id.to_owned(),
        same,
        origin,
        audit_nanousd,
    }
}

pub(crate) async fn questions_come_back_in_the_order_they_were_stored(store: Arc<dyn Store>) {
    assert_eq!(store.question_count().await.unwrap(), (0, 0));
    assert_eq!(store.put_question(question("no answer", 1)).await.unwrap(), None);
    let first = put(&store, question("a", 1)).await;
    let second = put(&store, question("b", 2)).await;
    let third = put(&store, question("c", 1)).await;
    assert!(first < second && second < third);
    assert_eq!(store.question_count().await.unwrap(), (3, third));
    let of = store.questions_of(&[1; 32], 0, START_MS, 10).await.unwrap();
    let ids: Vec<i64> = of.iter().map(|row| row.id).collect();
    assert_eq!(ids, [first, third]);
    assert_eq!(
        of[0].entry,
        question("a", 1),
        "each field as it was, vectors exactly"
    );
    let rest = store.questions_of(&[1; 32], first, START_MS, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(
        store
            .questions_of(&[1; 32], 0, LATER_MS, 10)
            .await
            .unwrap()
            .is_empty(),
        "expired"
    );
    assert_eq!(store.questions_since(first, 1).await.unwrap()[0].id, second);
    // A question that is stored again gets a new number, by which others see it.
    let again = put(&store, question("a", 1)).await;
    assert!(again > third);
    assert_eq!(store.question_count().await.unwrap(), (3, again));
    let mut unreadable = question("d", 1);
    (unreadable.embedder, unreadable.vector) = ("model 2".to_owned(), Vec::new());
    let fourth = put(&store, unreadable.clone()).await;
    let others = store.questions_of_others("model 1", 10).await.unwrap();
    assert_eq!(store.count_questions_of_others("model 1").await.unwrap(), 1);
    assert_eq!(store.count_questions_of_others("model 3").await.unwrap(), 4);
    assert_eq!(others.len(), 1);
    assert_eq!((others[0].id, &others[0].entry), (fourth, &unreadable));
}

pub(crate) async fn a_question_goes_with_its_answer(store: Arc<dyn Store>) {
    put(&store, question("a", 1)).await;
    put(&store, question("b", 1)).await;
    store
        .clear_entries(&CacheSelector::Entry("a".to_owned()), None)
        .await
        .unwrap();
    assert_eq!(store.question_count().await.unwrap().0, 1);
    let expires_ms = entry("b", START_MS).row.expires_ms;
    store.expire_entries(expires_ms, "").await.unwrap();
    assert_eq!(store.question_count().await.unwrap().0, 0);
}

pub(crate) async fn answers_are_cleared_by_source_and_by_user(store: Arc<dyn Store>) {
    let text = |text: &str| text.to_owned();
    for key in ["a", "b", "c"] {
        put(&store, question(key, 1)).await;
    }
    store
        .mark_entry("a", "ada", &[text("wiki"), text("wiki"), text("o'neil %_")])
        .await
        .unwrap();
    store.mark_entry("b", "bob", &[text("wiki")]).await.unwrap();
    store.mark_entry("b", "bob", &[text("mail")]).await.unwrap();
    store.mark_entry("gone", "ada", &[text("wiki")]).await.unwrap();
    let wiki = CacheSelector::Source(text("wiki"));
    let listed = store.list_entries(&wiki, None, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
        ["a"]
    );
    assert_eq!(
        store
            .extent(&CacheSelector::User(text("bob")))
            .await
            .unwrap()
            .entries,
        1
    );
    assert_eq!(
        store
            .clear_entries(&CacheSelector::Source(text("o'neil")), None)
            .await
            .unwrap()
            .entries,
        0
    );
    assert_eq!(store.clear_entries(&wiki, None).await.unwrap().entries, 1);
    assert_eq!(
        store
            .clear_entries(&CacheSelector::User(text("ada")), None)
            .await
            .unwrap()
            .entries,
        0
    );
    assert_eq!(
        store
            .clear_entries(&CacheSelector::User(text("bob")), None)
            .await
            .unwrap()
            .entries,
        1
    );
    let left = store.questions_since(0, 10).await.unwrap();
    assert_eq!(
        left.iter().map(|row| row.entry.key.as_str()).collect::<Vec<_>>(),
        ["c"]
    );
}

pub(crate) async fn a_decision_is_written_once_and_labelled(store: Arc<dyn Store>) {
    let served = decision("r", "faq", SemanticOutcome::Served);
    store.record_decision(served.clone()).await.unwrap();
    let mut other = served.clone();
    other.stated = 0.5;
    store.record_decision(other).await.unwrap();
    assert_eq!(store.decision("r").await.unwrap(), Some(served.clone()));
    assert_eq!(store.decision("unknown").await.unwrap(), None);
    let labelled = store
        .label_decision(label("r", true, "audit", 41))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (labelled.pair.same, labelled.pair.origin.as_str()),
        (Some(true), "audit")
    );
    assert_eq!(labelled.evidence, served.evidence);
    assert!(
        store
            .label_decision(label("unknown", true, "audit", 1))
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn a_persons_word_is_not_undone_by_an_audit(store: Arc<dyn Store>) {
    store
        .record_decision(decision("r", "faq", SemanticOutcome::Served))
        .await
        .unwrap();
    store
        .label_decision(label("r", false, "feedback", 0))
        .await
        .unwrap();
    let after = store
        .label_decision(label("r", true, "audit", 41))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (after.pair.same, after.pair.origin.as_str()),
        (Some(false), "feedback")
    );
    let sums = store.decision_sums(START_MS).await.unwrap();
    assert_eq!(sums[0].audit_nanousd, 41, "it was paid all the same");
    let changed = store
        .label_decision(label("r", true, "feedback", 0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(changed.pair.same, Some(true), "a person may change their mind");
}

pub(crate) async fn sums_and_lists_say_what_was_decided(store: Arc<dyn Store>) {
    for (id, intent, outcome) in [
        ("1", "faq", SemanticOutcome::Served),
        ("2", "faq", SemanticOutcome::WouldServe),
        ("3", "faq", SemanticOutcome::Bought),
        ("4", "task", SemanticOutcome::Served),
    ] {
        store
            .record_decision(decision(id, intent, outcome))
            .await
            .unwrap();
    }
    store
        .label_decision(label("1", false, "audit", 10))
        .await
        .unwrap();
    store.label_decision(label("3", false, "audit", 5)).await.unwrap();
    let sums = store.decision_sums(START_MS).await.unwrap();
    let faq = sums.iter().find(|sums| sums.intent == "faq").unwrap();
    assert_eq!((faq.judged, faq.served, faq.would_serve), (3, 1, 1));
    assert_eq!(
        (faq.labels, faq.checked, faq.wrong, faq.audit_nanousd),
        (2, 1, 1, 15)
    );
    assert_eq!(sums.len(), 2);
    assert!(store.decision_sums(START_MS + 1).await.unwrap().is_empty());
    let ids = |found: Vec<SemanticDecision>| -> Vec<String> {
        found.into_iter().map(|one| one.pair.request_id).collect()
    };
    assert_eq!(
        ids(store.newest_decisions(None, false, 2).await.unwrap()),
        ["4", "3"]
    );
    assert_eq!(
        ids(store.newest_decisions(Some("faq"), false, 9).await.unwrap()),
        ["3", "2", "1"]
    );
    assert_eq!(ids(store.newest_decisions(None, true, 9).await.unwrap()), ["1"]);
    assert_eq!(
        ids(store.newest_decisions(Some("task"), true, 9).await.unwrap()),
        [""; 0]
    );
    assert_eq!(
        ids(store.decisions_of("t\u{1f}faq", 2).await.unwrap()),
        ["2", "3"],
        "oldest first"
    );
}

pub(crate) async fn a_pair_is_forbidden_once_and_allowed_again(store: Arc<dyn Store>) {
    let long = "why ".repeat(5_000);
    let group = "t\u{1f}faq";
    store.never_match(group, ("b", "a"), "ada", 5).await.unwrap();
    store.never_match(group, ("a", "b"), "bob", 6).await.unwrap();
    store.never_match(group, (&long, "a"), "ada", 7).await.unwrap();
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let mut of = store.never_of(group).await.unwrap();
    of.sort();
    assert_eq!(of, [pair("a", "b"), pair("a", &long)]);
    assert!(store.never_of("t\u{1f}task").await.unwrap().is_empty());
    let listed = store.never_pairs(10).await.unwrap();
    assert_eq!((listed[0].at_ms, listed[1].at_ms), (7, 5), "newest first");
    assert_eq!(
        (listed[1].intent.as_str(), listed[1].who.as_str()),
        ("faq", "ada")
    );
    assert!(!store.allow_match("t\u{1f}task", ("a", "b")).await.unwrap());
    assert!(store.allow_match(group, ("b", "a")).await.unwrap());
    assert!(!store.allow_match(group, ("b", "a")).await.unwrap());
    assert_eq!(store.never_of(group).await.unwrap(), [pair("a", &long)]);
}

fn told(changes: &[SemanticChange]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change {
            SemanticChange::Label(decision) => format!("label {}", decision.pair.request_id),
            SemanticChange::Never { one, other, .. } => format!("never {one} {other}"),
            SemanticChange::Allowed { one, other, .. } => format!("allowed {one} {other}"),
        })
        .collect()
}

pub(crate) async fn changes_are_told_in_order(store: Arc<dyn Store>) {
    assert_eq!(store.last_semantic_change().await.unwrap(), 0);
    let mut miss = decision("1", "faq", SemanticOutcome::Bought);
    (miss.pair.same, miss.pair.origin) = (Some(false), "miss".to_owned());
    store.record_decision(miss.clone()).await.unwrap();
    store.record_decision(miss.clone()).await.unwrap();
    store
        .record_decision(decision("2", "faq", SemanticOutcome::Served))
        .await
        .unwrap();
    let (first, changes) = store.semantic_changes(0, 10).await.unwrap();
    assert_eq!(told(&changes), ["label 1"], "what has no label is not told");
    assert_eq!(changes[0], SemanticChange::Label(Box::new(miss)));
    store
        .never_match("t\u{1f}faq", ("b", "a"), "ada", 1)
        .await
        .unwrap();
    store.label_decision(label("2", true, "audit", 3)).await.unwrap();
    store.label_decision(label("2", true, "audit", 3)).await.unwrap();
    store.allow_match("t\u{1f}faq", ("a", "b")).await.unwrap();
    let (last, changes) = store.semantic_changes(first, 10).await.unwrap();
    assert_eq!(told(&changes), ["never a b", "label 2", "allowed a b"]);
    assert!(changes.iter().all(|change| change.group() == "t\u{1f}faq"));
    assert_eq!(store.last_semantic_change().await.unwrap(), last);
    assert_eq!(
        store.semantic_changes(last, 10).await.unwrap(),
        (last, Vec::new())
    );
    let (next, changes) = store.semantic_changes(first, 1).await.unwrap();
    assert_eq!(told(&changes), ["never a b"]);
    assert!(first < next && next < last);
}

pub(crate) async fn old_decisions_and_changes_expire(store: Arc<dyn Store>) {
    store
        .record_decision(decision("old", "faq", SemanticOutcome::Served))
        .await
        .unwrap();
    let mut newer = decision("new", "faq", SemanticOutcome::Served);
    newer.pair.at_ms = START_MS + 10;
    store.record_decision(newer).await.unwrap();
    store
        .label_decision(label("new", true, "audit", 0))
        .await
        .unwrap();
    store.expire_decisions(START_MS + 10).await.unwrap();
    assert_eq!(store.decision("old").await.unwrap(), None);
    assert!(store.decision("new").await.unwrap().is_some());
    // The server's own time stands at changes, so only a moment far ahead is past all of them.
    store.expire_decisions(i64::MAX).await.unwrap();
    assert_eq!(store.semantic_changes(0, 10).await.unwrap(), (0, Vec::new()));
}

/// Whoever reads on from the last number it saw sees every question, however many write at the same time.
pub(crate) async fn concurrent_questions_are_never_missed(store: Arc<dyn Store>) {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    put(&store, question(&format!("{writer}-{number}"), 1)).await;
                }
            })
        })
        .collect();
    let (mut after, mut seen) = (0, BTreeSet::new());
    while seen.len() < 200 {
        let is_over = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let rows = store.questions_since(after, 7).await.unwrap();
        if let Some(last) = rows.last() {
            after = last.id;
        }
        assert!(
            !(is_over && rows.is_empty()),
            "only {} of 200 were seen",
            seen.len()
        );
        seen.extend(rows.into_iter().map(|row| row.entry.key));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
