//! The judge of free texts that are neither alike nor unlike: what it decides, what it costs, and that nobody waits for it.

use crate::semantic::{WordCounter, rule};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use support::{
    eventually,
    said::Said,
    stage::{Stage, chat, with},
    upstream::{Fault, Reply},
};
use weir_contract::{
    command::semantic::{SemanticGet, SemanticPairs, SemanticSave},
    model::semantic::{SemanticMode, SemanticPair, SemanticPolicy, SemanticRule},
};

/// Two answers of which most words are the same: more than unlike, less than alike.
const FIRST_ANSWER: &str = "Open the settings page, choose security, press reset and follow the mail";
const OTHER_ANSWER: &str = "Open the settings page, choose security, press forgot and call the desk";
const TOPICS: [&str; 5] = [
    "password of my account",
    "invoice for my order",
    "address of my parcel",
    "badge at my door",
    "printer in my room",
];

async fn stage(judge: &str) -> Stage {
    let stage = Stage::open_with(judge).await;
    stage.gateway.use_embedder(Arc::new(WordCounter("words 1")));
    stage
        .admin(SemanticSave {
            rule: rule(SemanticRule::ANY, SemanticMode::Shadow, SemanticPolicy::Distance),
            expected_version: 0,
        })
        .await;
    stage
}

fn faq(text: &str) -> Value {
    with(
        chat("fake/mini", text),
        json!({"metadata": {"x-weir-intent": "faq"}}),
    )
}

/// Buys two answers to questions that mean the same; the second is in shadow.
async fn disputed(stage: &Stage, at: usize) -> Said {
    let ask = async |before: &str, answer: &str| {
        stage
            .upstream
            .set_reply_of("mini", Reply::Text(answer.to_owned()));
        let text = format!("{before} do I change the {}?", TOPICS[at]);
        stage
            .send(stage.post("/v1/chat/completions", &faq(&text)))
            .await
            .expect(200)
    };
    ask("How", FIRST_ANSWER).await;
    crate::semantic::stored(stage, 2 * at as i64 + 1).await;
    let said = ask("Please, how", OTHER_ANSWER).await;
    crate::semantic::stored(stage, 2 * at as i64 + 2).await;
    said
}

async fn pair_of(stage: &Stage, said: &Said) -> SemanticPair {
    let id = said.request_id().to_owned();
    eventually("the decision is written down", || async {
        let pairs = stage
            .admin(SemanticPairs {
                intent: None,
                review: false,
                limit: 50,
            })
            .await;
        pairs.into_iter().find(|pair| pair.request_id == id)
    })
    .await
}

async fn judged(stage: &Stage, said: &Said) -> SemanticPair {
    eventually("it is judged", || async {
        let pair = pair_of(stage, said).await;
        (pair.origin == "judge").then_some(pair)
    })
    .await
}

const BUDGET: &str = "[judge]\ndaily_nanousd = 1_000_000_000\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_word_becomes_a_label_and_costs_a_line_of_its_own() {
    let stage = stage(BUDGET).await;
    stage.upstream.set_reply_of("nano", Reply::Text("Yes.".into()));
    let said = disputed(&stage, 0).await;
    assert_eq!(judged(&stage, &said).await.same, Some(true));
    stage.upstream.set_reply_of("nano", Reply::Text("no".into()));
    let said = disputed(&stage, 1).await;
    assert_eq!(judged(&stage, &said).await.same, Some(false));
    let line = stage
        .row_where("the judgement is recorded", |row| row.event == "weir-judge")
        .await;
    assert_eq!(
        (line.model.as_str(), line.key_id.as_str()),
        ("nano", "weir"),
        "the cheapest tier's"
    );
    assert!(line.cost_nanousd.0 > 0);
    let asked = stage
        .upstream
        .seen()
        .into_iter()
        .find(|seen| seen.model == "nano")
        .unwrap();
    let text = asked.body.to_string();
    assert!(
        text.contains("press forgot") && text.contains("press reset") && text.contains("512"),
        "{text}"
    );
    let state = eventually("its cost is shown", || async {
        let state = stage.admin(SemanticGet {}).await;
        (state.judge_nanousd.0 >= 2 * line.cost_nanousd.0).then_some(state)
    })
    .await;
    let faq = state
        .intents
        .iter()
        .find(|intent| intent.rule.intent == "faq")
        .unwrap();
    assert_eq!(
        (faq.audited.checked, faq.audited.wrong),
        (2, 1),
        "would-be hits that the judge checked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_and_errors_give_no_label() {
    let stage = stage(BUDGET).await;
    let nonsense = ["Yes and no", "", "The answers differ.", "{\"verdict\": \"yes\"}"];
    for (at, word) in nonsense.into_iter().enumerate() {
        stage.upstream.set_reply_of("nano", Reply::Text(word.to_owned()));
        let before = stage.upstream.calls_of("nano");
        let said = disputed(&stage, at).await;
        eventually("the judge was asked", || async {
            (stage.upstream.calls_of("nano") > before).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let pair = pair_of(&stage, &said).await;
        assert_eq!((pair.same, pair.origin.as_str()), (None, ""), "{word}");
    }
    stage.upstream.fail_model("nano", Fault::status(400));
    let said = disputed(&stage, nonsense.len()).await;
    stage
        .row_where("the failure is recorded", |row| {
            row.event == "weir-judge" && row.http_status != 200
        })
        .await;
    assert_eq!(pair_of(&stage, &said).await.same, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_it_and_nobody_is_asked_beyond_the_budget() {
    let stage = stage("").await;
    let said = disputed(&stage, 0).await;
    assert_eq!(pair_of(&stage, &said).await.same, None);
    assert_eq!(
        stage.upstream.calls_of("nano"),
        0,
        "without a budget nobody is asked"
    );
    let poor = stage_poor().await;
    let begun = Instant::now();
    for at in 0..4 {
        disputed(&poor, at).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(20));
    poor.row_where("the refusal is recorded", |row| row.event == "weir-judge")
        .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        poor.upstream.calls_of("nano"),
        0,
        "one judgement may cost more than this"
    );
    let refused = poor
        .rows()
        .await
        .into_iter()
        .filter(|row| row.event == "weir-judge")
        .count();
    assert_eq!(refused, 1, "after a refusal it rests until the next day");
}

async fn stage_poor() -> Stage {
    stage("[judge]\ndaily_nanousd = 1_000\n").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_judge_delays_no_answer() {
    let stage = stage(BUDGET).await;
    stage.upstream.fail_model("nano", Fault::Silent);
    let begun = Instant::now();
    disputed(&stage, 0).await;
    disputed(&stage, 1).await;
    // Whoever waited for the judge would wait for a minute.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    stage.upstream.heal();
}
