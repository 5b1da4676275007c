//! The semantic cache's learned policy at work: it serves nothing without evidence, keeps its promise, listens to people.

use crate::semantic::{WordCounter, ask, faq, rule, stage, stage_with, stored, unless_audited, until_served};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use support::{
    eventually,
    stage::{Stage, configuration, options},
    upstream::Reply,
};
use weir_contract::{
    command::semantic::{
        SemanticAllow, SemanticCurve, SemanticGet, SemanticNever, SemanticPairs, SemanticSave,
    },
    model::semantic::{SemanticMode, SemanticOutcome, SemanticPolicy, SemanticRule},
};
use weir_gateway::bootstrap::start_gateway;

const THINGS: [&str; 20] = [
    "invoices",
    "contracts",
    "tickets",
    "reports",
    "orders",
    "letters",
    "budgets",
    "drafts",
    "payments",
    "refunds",
    "shipments",
    "warranties",
    "devices",
    "policies",
    "salaries",
    "holidays",
    "trainings",
    "visitors",
    "badges",
    "printers",
];
const ANSWER: &str = "Use the form.";
const WORDINGS: [&str; 8] = [
    "How do I approve NAME in the portal?",
    "Please tell me how I approve NAME in the portal",
    "How can I approve NAME in the portal?",
    "How could I approve the NAME in the portal, please?",
    "Help me approve NAME in the portal",
    "I want to approve NAME in the portal, how?",
    "How does one approve NAME in the portal? Thanks!",
    "Hello, I need to approve NAME in the portal",
];

async fn teach(stage: &Stage, rounds: usize) -> usize {
    stage.upstream.set_reply(Reply::Text(ANSWER.into()));
    let mut hits = 0;
    for wording in WORDINGS.iter().take(rounds) {
        for thing in THINGS {
            let said = ask(stage, &wording.replace("NAME", thing)).await.expect(200);
            if said.cache() == "semantic" {
                assert_eq!(said.text(), ANSWER);
                hits += 1;
            }
        }
    }
    hits
}

#[tokio::test(flavor = "multi_thread")]
async fn it_learns_from_misses_then_serves_and_a_restart_forgets_nothing() {
    let stage = stage(SemanticMode::On, SemanticPolicy::Learned).await;
    let generous = SemanticRule {
        most_wrong_permille: 200,
        ..rule("faq", SemanticMode::On, SemanticPolicy::Learned)
    };
    stage
        .admin(SemanticSave {
            rule: generous,
            expected_version: 0,
        })
        .await;
    assert_eq!(teach(&stage, 3).await, 0, "no evidence, no hit");
    stored(&stage, 60).await;
    teach(&stage, 8).await;
    let pairs = stage
        .admin(SemanticPairs {
            intent: None,
            review: false,
            limit: 200,
        })
        .await;
    let served = pairs
        .iter()
        .filter(|pair| pair.outcome == SemanticOutcome::Served)
        .count();
    assert!(served > 0, "it has learned by now: {}", pairs.len());
    let intent = pairs[0].intent.clone();
    let curve = stage.admin(SemanticCurve { intent }).await;
    assert!(curve.len() > 10 && curve.windows(2).all(|two| two[0].hit_share < two[1].hit_share));
    // A second gateway learns the same from what was written down.
    let url = format!("sqlite://{}", stage.folder.path().join("weir.db").display());
    let second = start_gateway(options(&configuration(&stage.upstream.origin(), ""), &url))
        .await
        .unwrap();
    second.use_embedder(Arc::new(WordCounter("words 1")));
    let mut hits = 0;
    for thing in THINGS {
        let body = faq(&format!("Kindly help: how do I approve {thing} in the portal?"));
        let request = stage
            .client
            .post(format!("{}/v1/chat/completions", second.status().address))
            .bearer_auth(&stage.key.secret)
            .json(&body);
        hits += usize::from(stage.send(request).await.expect(200).cache() == "semantic");
    }
    let last = stage
        .admin(SemanticPairs {
            intent: None,
            review: false,
            limit: 20,
        })
        .await;
    let judged: Vec<_> = last
        .iter()
        .map(|pair| (pair.probability, pair.threshold))
        .collect();
    assert!(hits > 0, "served {served} before; then {judged:?}");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_wrong_is_believed_at_once() {
    unless_audited(wrong_is_believed).await;
}

async fn wrong_is_believed(stage: &Stage) {
    ask(stage, "How do I renew the badge of a visitor?")
        .await
        .expect(200);
    stored(stage, 1).await;
    let asked = "Please tell me how I renew a visitor's badge";
    let hit = ask(stage, asked).await.expect(200);
    assert_eq!(hit.cache(), "semantic");
    let say = async |key: &str, id: &str, verdict: &str| {
        let body = json!({"request_id": id, "verdict": verdict});
        stage.send(stage.post_as(key, "/v1/feedback", &body)).await
    };
    let stranger = stage.new_key("others").await;
    say(&stranger.secret, hit.request_id(), "wrong").await.expect(404);
    say(&stage.key.secret, "nothing", "wrong").await.expect(404);
    say(&stage.key.secret, hit.request_id(), "bad").await.expect(400);
    assert_eq!(
        ask(stage, asked).await.cache(),
        "semantic",
        "nobody was believed yet"
    );
    say(&stage.key.secret, hit.request_id(), "wrong")
        .await
        .expect(200);
    assert_eq!(
        ask(stage, asked).await.cache(),
        "miss",
        "this pair never matches again"
    );
    let review = stage
        .admin(SemanticPairs {
            intent: None,
            review: true,
            limit: 10,
        })
        .await;
    assert_eq!(review.len(), 1);
    assert_eq!(
        (review[0].question.as_str(), review[0].origin.as_str()),
        (asked, "feedback")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_gateway_hears_within_two_seconds_what_never_matches_and_what_may_again() {
    unless_audited(both_hear_what_never_matches).await;
}

async fn both_hear_what_never_matches(stage: &Stage) {
    let url = format!("sqlite://{}", stage.folder.path().join("weir.db").display());
    let second = start_gateway(options(&configuration(&stage.upstream.origin(), ""), &url))
        .await
        .unwrap();
    second.use_embedder(Arc::new(WordCounter("words 1")));
    let base = second.status().address;
    let ask_second = async |text: &str| {
        let request = stage
            .client
            .post(format!("{base}/v1/chat/completions"))
            .bearer_auth(&stage.key.secret)
            .json(&faq(text));
        stage.send(request).await.expect(200)
    };
    let wordings = |thing: &str| {
        (
            format!("How do I renew the {thing} of a visitor?"),
            format!("Please tell me how I renew a visitor's {thing}"),
        )
    };
    let (forbidden, allowed) = (wordings("badge"), wordings("parking contract"));
    for (at, (first, other)) in [&forbidden, &allowed].into_iter().enumerate() {
        ask(stage, first).await.expect(200);
        stored(stage, at as i64 + 1).await;
        until_served(stage, &base, other, true).await;
        let hit = ask_second(other).await;
        assert_eq!(
            hit.cache(),
            "semantic",
            "the second gateway holds the group in memory"
        );
        let body = json!({"request_id": hit.request_id(), "verdict": "wrong"});
        stage
            .send(stage.post_as(&stage.key.secret, "/v1/feedback", &body))
            .await
            .expect(200);
    }
    let never = stage.admin(SemanticNever { limit: 10 }).await;
    assert_eq!(never.len(), 2);
    until_served(stage, &base, &forbidden.1, false).await;
    until_served(stage, &base, &allowed.1, false).await;
    assert_eq!(ask_second(&forbidden.1).await.cache(), "miss");
    let pair = never
        .into_iter()
        .find(|pair| pair.one.contains("parking"))
        .unwrap();
    let undo = SemanticAllow {
        group: pair.group,
        one: pair.one,
        other: pair.other,
    };
    assert!(stage.admin(undo.clone()).await);
    assert!(!stage.admin(undo).await, "it is allowed already");
    assert_eq!(stage.admin(SemanticNever { limit: 10 }).await.len(), 1);
    for gateway in [&base, &stage.base] {
        until_served(stage, gateway, &allowed.1, true).await;
    }
    for again in [ask_second(&allowed.1).await, ask(stage, &allowed.1).await] {
        assert_eq!(again.cache(), "semantic", "both gateways heard of it");
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audits_buy_hits_as_requests_of_their_own() {
    let stage = stage(SemanticMode::On, SemanticPolicy::Distance).await;
    stage.upstream.set_reply(Reply::Text("Yes.".into()));
    ask(&stage, "Do visitors need a badge in building seven?")
        .await
        .expect(200);
    stored(&stage, 1).await;
    for at in 0..600 {
        let text = format!(
            "{} do visitors need a badge in building seven?",
            "please ".repeat(at % 200 + 1)
        );
        let body = support::stage::with(faq(&text), json!({"user": format!("u{at}")}));
        stage
            .send(stage.post("/v1/chat/completions", &body))
            .await
            .expect(200);
        if stage.upstream.calls() > 1 {
            break;
        }
    }
    let audit = stage
        .row_where("an audit is recorded", |row| row.event == "weir-audit")
        .await;
    assert!(audit.cost_nanousd.0 > 0);
    let audited = eventually("the audit is a label", || async {
        let state = stage.admin(SemanticGet {}).await;
        state
            .intents
            .into_iter()
            .find(|intent| intent.audited.checked > 0)
    })
    .await;
    assert_eq!(audited.audited.wrong, 0);
    assert_eq!(audited.audit_nanousd, audit.cost_nanousd);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_checked_and_versioned() {
    let stage = Stage::open().await;
    let bad = SemanticRule {
        most_wrong_permille: 0,
        ..rule("faq", SemanticMode::On, SemanticPolicy::Learned)
    };
    let refused = support::stage::admin(
        &stage.gateway,
        SemanticSave {
            rule: bad,
            expected_version: 0,
        },
    )
    .await
    .unwrap_err();
    assert!(refused.message.contains("most_wrong_permille"), "{refused}");
    let off = rule("faq", SemanticMode::Off, SemanticPolicy::Learned);
    let version = stage
        .admin(SemanticSave {
            rule: off,
            expected_version: 0,
        })
        .await;
    let state = stage.admin(SemanticGet {}).await;
    let faq = state
        .intents
        .iter()
        .find(|intent| intent.rule.intent == "faq")
        .unwrap();
    assert_eq!((faq.version, faq.rule.mode), (version, SemanticMode::Off));
}

/// Where nothing is to be bought, no hit is bought to see whether it is right: neither for who sends `x-weir-cache: only` nor
/// while a cap lets only the cache answer.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_audited_where_nothing_is_to_be_bought() {
    let cap = "[[caps]]\nname = \"tight\"\nscope = { kind = \"global\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\nlimit_nanousd = 2000000\n\
               steps = [{ percent = 1, action = \"cache_only\" }, { percent = 100, action = \"refuse\" }]\nenabled = true\n";
    for (more, only) in [("", true), (cap, false)] {
        let stage = stage_with(more, SemanticMode::On, SemanticPolicy::Distance).await;
        stage.upstream.set_reply(Reply::Text("Yes.".into()));
        ask(&stage, "Do visitors need a badge in building seven?")
            .await
            .expect(200);
        stored(&stage, 1).await;
        // One in fifty would be audited.
        for at in 0..400 {
            let text = format!(
                "{} do visitors need a badge in building seven?",
                "please ".repeat(at % 200 + 1)
            );
            let body = support::stage::with(faq(&text), json!({"user": format!("u{at}")}));
            let request = stage.post("/v1/chat/completions", &body);
            let request = if only {
                request.header("x-weir-cache", "only")
            } else {
                request
            };
            assert_eq!(stage.send(request).await.expect(200).cache(), "semantic");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(stage.upstream.calls(), 1, "{more}");
    }
}
