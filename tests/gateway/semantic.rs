//! The semantic cache by a fixed distance: order, trace, what never crosses, and how answers are dropped.

use async_trait::async_trait;
use futures::FutureExt;
use serde_json::{Value, json};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use support::{
    eventually,
    said::Said,
    stage::{Stage, admin, chat, configuration, options, with},
    upstream::Reply,
};
use weir_contract::{
    command::{
        cache::CacheClear,
        requests::RequestsList,
        semantic::{SemanticGet, SemanticPairs, SemanticSave},
    },
    model::{
        cache::CacheSelector,
        request::{CacheOutcome, RequestFilter},
        semantic::{SemanticMode, SemanticOutcome, SemanticPolicy, SemanticRule},
    },
};
use weir_engine::cache::semantic::{
    embedder::{EmbedFailure, Embedder},
    words::words,
};
use weir_gateway::bootstrap::start_gateway;

/// Texts of the same content words lie at one place; each other word moves them apart.
pub(crate) struct WordCounter(pub(crate) &'static str);

#[async_trait]
impl Embedder for WordCounter {
    fn id(&self) -> &str {
        self.0
    }
    async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedFailure> {
        let mut vector = vec![0.0_f32; 384];
        for word in words(text).all.iter().filter(|word| !word.is_function) {
            let place = word.stem.bytes().fold(7_usize, |sum, byte| {
                sum.wrapping_mul(31).wrapping_add(usize::from(byte))
            });
            vector[place % 384] += 1.0;
        }
        let length = vector
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            .sqrt()
            .max(1e-9);
        vector.iter_mut().for_each(|value| *value /= length);
        Ok(vector)
    }
}

pub(crate) fn rule(intent: &str, mode: SemanticMode, policy: SemanticPolicy) -> SemanticRule {
    SemanticRule {
        mode,
        policy,
        ..SemanticRule::usual(intent)
    }
}

pub(crate) async fn stage(mode: SemanticMode, policy: SemanticPolicy) -> Stage {
    stage_with("", mode, policy).await
}

/// With more in its configuration.
pub(crate) async fn stage_with(more: &str, mode: SemanticMode, policy: SemanticPolicy) -> Stage {
    let stage = Stage::open_with(more).await;
    stage.gateway.use_embedder(Arc::new(WordCounter("words 1")));
    stage
        .admin(SemanticSave {
            rule: rule(SemanticRule::ANY, mode, policy),
            expected_version: 0,
        })
        .await;
    stage
}

/// A question of an intent that is named, so that no wording changes it.
pub(crate) fn faq(text: &str) -> Value {
    with(
        chat("fake/nano", text),
        json!({"metadata": {"x-weir-intent": "faq"}}),
    )
}

pub(crate) async fn ask(stage: &Stage, text: &str) -> Said {
    stage.send(stage.post("/v1/chat/completions", &faq(text))).await
}

async fn ask_marked(stage: &Stage, (name, value): (&str, &str), text: &str) -> Said {
    let request = stage.post("/v1/chat/completions", &faq(text)).header(name, value);
    stage.send(request).await
}

/// Asks and waits until the question is stored.
async fn ask_and_store(stage: &Stage, body: &Value, entries: i64) -> Said {
    let said = stage
        .send(stage.post("/v1/chat/completions", body))
        .await
        .expect(200);
    stored(stage, entries).await;
    said
}

pub(crate) async fn stored(stage: &Stage, entries: i64) {
    eventually("the question is stored", || async {
        (stage.admin(SemanticGet {}).await.entries >= entries).then_some(())
    })
    .await;
}

/// Waits until the gateway at this address would answer the question from its cache, or would no longer. Nothing is bought.
pub(crate) async fn until_served(stage: &Stage, base: &str, text: &str, is_served: bool) {
    eventually("what another gateway did is heard of", || async {
        let request = stage
            .client
            .post(format!("{base}/v1/chat/completions"))
            .bearer_auth(&stage.key.secret)
            .header("x-weir-cache", "only")
            .json(&faq(text));
        if (stage.send(request).await.status == 200) == is_served {
            return Some(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        None
    })
    .await;
}

/// Plays a scene, and anew where an audit came in between: two of a hundred hits are bought all the same, behind the scene.
pub(crate) async fn unless_audited(scene: impl AsyncFn(&Stage)) {
    for _ in 0..5 {
        let stage = stage(SemanticMode::On, SemanticPolicy::Distance).await;
        let Err(failed) = AssertUnwindSafe(scene(&stage)).catch_unwind().await else {
            return;
        };
        // What was under way is recorded by then.
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Of what was bought, since the hits of a scene that waits are many.
        let bought = RequestsList {
            filter: RequestFilter {
                cache: Some(CacheOutcome::Miss),
                ..RequestFilter::default()
            },
            cursor: None,
            limit: 200,
        };
        let bought = stage.admin(bought).await.rows;
        if !bought.iter().any(|row| row.event == "weir-audit") {
            std::panic::resume_unwind(failed);
        }
    }
    panic!("audits came in between five times");
}

const FIRST: &str = "How do I reset the password of my account?";
const SAME: &str = "Please tell me: how can I reset my account password?";

#[tokio::test(flavor = "multi_thread")]
async fn exact_then_semantic_then_call_and_the_trace_says_why() {
    unless_audited(exact_then_similar_then_bought).await;
}

async fn exact_then_similar_then_bought(stage: &Stage) {
    let bought = ask_and_store(stage, &faq(FIRST), 1).await;
    let exact = ask(stage, FIRST).await.expect(200);
    let similar = ask(stage, SAME).await.expect(200);
    let streamed = stage
        .send(stage.post("/v1/chat/completions", &with(faq(SAME), json!({"stream": true}))))
        .await
        .expect(200);
    let other = ask(stage, "Which planets have rings?").await.expect(200);
    let outcomes = [&bought, &exact, &similar, &streamed, &other].map(Said::cache);
    assert_eq!(outcomes, ["miss", "response", "semantic", "semantic", "miss"]);
    assert_eq!((similar.text(), streamed.text()), (bought.text(), bought.text()));
    assert_eq!(stage.upstream.calls(), 2);
    let detail = stage.detail(&similar).await;
    assert!(detail.row.cost_nanousd.0 == 0 && detail.row.saved_nanousd.0 > 0);
    let step = detail.trace.iter().find(|step| step.stage == "semantic").unwrap();
    for (name, holds) in [
        ("neighbour", FIRST),
        ("distance", "0.0"),
        ("guards", "arguments on one side"),
        ("probability", "0."),
        ("threshold", "distance 0.120"),
        ("mode", "on"),
    ] {
        let said = step
            .facts
            .iter()
            .find(|(fact, _)| *fact == name)
            .map(|(_, value)| value.as_str());
        assert!(said.is_some_and(|said| said.contains(holds)), "{name}: {step:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_crosses_teams_prompts_turns_parameters_or_models() {
    let stage = stage(SemanticMode::On, SemanticPolicy::Distance).await;
    ask_and_store(&stage, &faq(FIRST), 1).await;
    let turn = |role: &str, text: &str| json!({"role": role, "content": text});
    let others = [
        with(faq(SAME), json!({"model": "fake/mini"})),
        with(faq(SAME), json!({"temperature": 0.1})),
        with(faq(SAME), json!({"response_format": {"type": "json_object"}})),
        with(
            faq(SAME),
            json!({"messages": [turn("system", "Be brief."), turn("user", SAME)]}),
        ),
        with(
            faq(SAME),
            json!({"messages": [turn("user", "Hi"), turn("assistant", "Hello"), turn("user", SAME)]}),
        ),
    ];
    for body in &others {
        let said = stage
            .send(stage.post("/v1/chat/completions", body))
            .await
            .expect(200);
        assert_eq!(said.cache(), "miss", "{body}");
    }
    let stranger = stage.new_key("others").await;
    let said = stage
        .send(stage.post_as(&stranger.secret, "/v1/chat/completions", &faq(SAME)))
        .await
        .expect(200);
    assert_eq!(said.cache(), "miss");
    let own = ask(&stage, SAME).await.expect(200);
    assert_eq!(own.cache(), "semantic", "the key's own question is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn guards_and_risks_keep_it_from_serving() {
    let stage = stage(SemanticMode::On, SemanticPolicy::Distance).await;
    let first = "Compute the monthly interest rate on a loan with principal value 5000 and fee 12";
    ask_and_store(&stage, &faq(first), 1).await;
    let number = first.replace("5000", "7000");
    let said = ask(&stage, &number).await.expect(200);
    assert_eq!(said.cache(), "miss");
    let trace = stage.detail(&said).await.trace;
    let step = trace.iter().find(|step| step.stage == "semantic").unwrap();
    assert!(
        step.facts
            .iter()
            .any(|(_, value)| value.contains("numbers conflict")),
        "{step:?}"
    );
    // The same words again, but hot: the client wants answers that differ.
    stored(&stage, 2).await;
    let hot = with(faq(&format!("Please, {first}")), json!({"temperature": 1.2}));
    for _ in 0..2 {
        let again = with(hot.clone(), json!({"seed": stage.upstream.calls()}));
        let said = stage
            .send(stage.post("/v1/chat/completions", &again))
            .await
            .expect(200);
        assert_eq!(said.cache(), "miss");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_is_the_default_and_buys_all_the_same() {
    let stage = Stage::open().await;
    stage.gateway.use_embedder(Arc::new(WordCounter("words 1")));
    let state = stage.admin(SemanticGet {}).await;
    assert!(
        state
            .intents
            .iter()
            .all(|intent| intent.rule.mode == SemanticMode::Shadow)
    );
    stage
        .admin(SemanticSave {
            rule: rule(SemanticRule::ANY, SemanticMode::Shadow, SemanticPolicy::Distance),
            expected_version: 0,
        })
        .await;
    stage.upstream.set_reply(Reply::Text("Use the link.".into()));
    ask_and_store(&stage, &faq(FIRST), 1).await;
    ask_and_store(&stage, &faq(SAME), 2).await;
    assert_eq!(stage.upstream.calls(), 2, "shadow never serves");
    let pairs = stage
        .admin(SemanticPairs {
            intent: None,
            review: false,
            limit: 10,
        })
        .await;
    assert_eq!(pairs.len(), 1);
    assert_eq!(
        (pairs[0].question.as_str(), pairs[0].neighbour.as_str()),
        (SAME, FIRST)
    );
    assert_eq!(pairs[0].outcome, SemanticOutcome::WouldServe);
    assert_eq!((pairs[0].same, pairs[0].origin.as_str()), (Some(true), "shadow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_it_runs_and_says_so() {
    let stage = Stage::open().await;
    let state = stage.admin(SemanticGet {}).await;
    assert_eq!(state.embedder, None);
    assert!(state.problem.unwrap().contains("embedding_model_file"));
    stage
        .admin(SemanticSave {
            rule: rule(SemanticRule::ANY, SemanticMode::On, SemanticPolicy::Learned),
            expected_version: 0,
        })
        .await;
    let first = ask(&stage, FIRST).await.expect(200);
    let again = ask(&stage, FIRST).await.expect(200);
    assert_eq!((first.cache(), again.cache()), ("miss", "response"));
    let trace = stage.detail(&first).await.trace;
    assert!(
        trace
            .iter()
            .any(|step| step.stage == "semantic" && step.decision.contains("not asked"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_by_source_or_user_drops_answers_at_every_gateway() {
    unless_audited(what_is_cleared_goes_everywhere).await;
}

async fn what_is_cleared_goes_everywhere(stage: &Stage) {
    let url = format!("sqlite://{}", stage.folder.path().join("weir.db").display());
    let second = start_gateway(options(&configuration(&stage.upstream.origin(), ""), &url))
        .await
        .unwrap();
    second.use_embedder(Arc::new(WordCounter("words 1")));
    let second_base = second.status().address;
    let ask_second = async |text: &str| {
        let request = stage
            .client
            .post(format!("{second_base}/v1/chat/completions"))
            .bearer_auth(&stage.key.secret)
            .json(&faq(text));
        stage.send(request).await.expect(200)
    };
    for (at, (headers, selector)) in [
        (
            [("x-weir-source", "manual, wiki")],
            CacheSelector::Source("wiki".into()),
        ),
        ([("x-weir-user", "ana")], CacheSelector::User("ana".into())),
    ]
    .into_iter()
    .enumerate()
    {
        let text = |how: &str| format!("{how} I export invoices as tables, chapter {at}?");
        ask_marked(stage, headers[0], &text("How do")).await.expect(200);
        stored(stage, 1).await;
        assert_eq!(ask(stage, &text("How can")).await.cache(), "semantic");
        until_served(stage, &second_base, &text("Please: how can"), true).await;
        // The other gateway learns of it from the store, and keeps the answer in its memory.
        assert_eq!(ask_second(&text("Please: how can")).await.cache(), "semantic");
        let gone = stage
            .admin(CacheClear {
                selector,
                purge: false,
            })
            .await;
        assert_eq!(gone.entries, 1);
        assert_eq!(
            stage.admin(SemanticGet {}).await.entries,
            0,
            "the questions go with the answers"
        );
        until_served(stage, &second_base, &text("Please, how could"), false).await;
        assert_eq!(ask_second(&text("Please, how could")).await.cache(), "miss");
        // The first gateway hears of it, too.
        until_served(stage, &stage.base, &text("And how should"), true).await;
        assert_eq!(
            ask(stage, &text("And how should")).await.cache(),
            "semantic",
            "as bought anew"
        );
        let state = admin(&second, SemanticGet {}).await.unwrap();
        assert_eq!(state.entries, 1);
        stage
            .admin(CacheClear {
                selector: CacheSelector::All,
                purge: false,
            })
            .await;
        until_served(stage, &second_base, &text("And how should"), false).await;
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_makes_the_vectors_anew() {
    unless_audited(vectors_are_made_anew).await;
}

async fn vectors_are_made_anew(stage: &Stage) {
    ask_and_store(stage, &faq(FIRST), 1).await;
    stage.gateway.use_embedder(Arc::new(WordCounter("words 2")));
    let mut asked = 0;
    eventually("the question is found again", || {
        asked += 1;
        let text = format!("{} {SAME}", "Please, ".repeat(asked));
        async move {
            let body = with(faq(&text), json!({}));
            let request = stage
                .post("/v1/chat/completions", &body)
                .header("x-weir-cache", "only");
            (stage.send(request).await.cache() == "semantic").then_some(())
        }
    })
    .await;
    assert_eq!(stage.upstream.calls(), 1);
}
