//! Budget caps: nothing is bought past them, and the refusal says what is spent and when it resets.

use serde_json::json;
use support::{
    stage::{Stage, chat, with},
    upstream::Fault,
};
use tokio::task::JoinSet;
use weir_contract::{
    NanoUsd,
    command::caps::{CapsList, CapsSave},
    model::cap::{Cap, CapState},
};

const LIMIT: i64 = 2_000_000;

fn global(limit: i64) -> String {
    format!(
        "[[caps]]\nname = \"global-daily\"\nscope = {{ kind = \"global\" }}\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
         limit_nanousd = {limit}\naction = \"refuse\"\nalert_percent = 80\nenabled = true\n"
    )
}

async fn state(stage: &Stage) -> CapState {
    stage
        .admin(CapsList {})
        .await
        .into_iter()
        .next()
        .expect("the cap")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reached_cap_refuses_with_spent_reserved_and_the_time_of_the_reset() {
    let stage = Stage::open_with(&global(LIMIT)).await;
    stage.ask("fake/nano", "kept").await.expect(200);
    let mut number = 0;
    let refused = loop {
        let said = stage.ask("fake/nano", &format!("spend {number}")).await;
        if said.status != 200 {
            break said.expect(429);
        }
        number += 1;
        assert!(number < 40, "the cap never closed");
    };
    assert!(number >= 5, "it closed after only {number} calls");
    let body = refused.json();
    assert_eq!(body["error"]["code"], "budget_cap_reached");
    let message = body["error"]["message"].as_str().unwrap();
    for word in ["global-daily", "spent", "reserved", "resets", "UTC"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    let now = state(&stage).await;
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert_eq!(body["retryAfter"], wait);
    let to_midnight =
        (now.resets_ms - weir_engine::clock::Clock::now_ms(&weir_engine::clock::SystemClock::new())) / 1_000;
    assert!(
        (wait - to_midnight).abs() <= 5,
        "told {wait} s, it is {to_midnight} s to {}",
        now.resets_text
    );
    assert!(
        message.contains(&now.resets_text),
        "{message} / {}",
        now.resets_text
    );
    assert!(now.spent_nanousd <= NanoUsd(LIMIT), "{:?}", now.spent_nanousd);
    assert_eq!(now.spent_nanousd, NanoUsd(85_000 * (number + 1)));
    assert_eq!(
        stage.upstream.calls(),
        usize::try_from(number).unwrap() + 1,
        "nothing was bought for the refused call"
    );

    // What is cached costs nothing and is still served.
    assert_eq!(
        stage.ask("fake/nano", "kept").await.expect(200).cache(),
        "response"
    );
    // The same in Anthropic's shape.
    let said = stage
        .send(stage.post("/v1/messages", &chat("fake/nano", "closed")))
        .await
        .expect(429);
    assert_eq!(
        (
            said.json()["type"].as_str(),
            said.json()["error"]["type"].as_str()
        ),
        (Some("error"), Some("rate_limit_error"))
    );
    let row = stage.detail(&refused).await.row;
    assert_eq!(
        (row.status.as_str(), row.error.as_str(), row.cost_nanousd),
        ("refused", "budget_cap_reached", NanoUsd::ZERO)
    );

    let cap = Cap {
        limit_nanousd: NanoUsd(10 * LIMIT),
        ..now.cap
    };
    stage
        .admin(CapsSave {
            cap,
            expected_version: now.version,
        })
        .await;
    stage.ask("fake/nano", "after the raise").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_never_pass_a_cap() {
    let stage = Stage::open_with(&global(LIMIT)).await;
    let mut all = JoinSet::new();
    for number in 0..60 {
        let request = stage.post(
            "/v1/chat/completions",
            &chat("fake/nano", &format!("crowd {number}")),
        );
        all.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let statuses = all.join_all().await;
    let bought = statuses.iter().filter(|status| **status == 200).count();
    assert!(
        statuses.iter().all(|status| [200, 429].contains(status)),
        "{statuses:?}"
    );
    assert!((1..60).contains(&bought), "{bought}");
    let now = state(&stage).await;
    assert_eq!(
        now.spent_nanousd,
        NanoUsd(85_000 * i64::try_from(bought).unwrap())
    );
    assert!(now.spent_nanousd <= NanoUsd(LIMIT));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_cap_closes_the_top_tier() {
    let tier = "[[caps]]\nname = \"top-tier-daily\"\nscope = { kind = \"tier\", value = \"T3\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
                limit_nanousd = 1000\naction = \"close_tier\"\nalert_percent = 80\nenabled = true\n\
                [[intents]]\nname = \"top\"\ndescription = \"x\"\nlowest_tier = \"T3\"\nhighest_tier = \"T3\"\n\
                phrases = [\"only the best\"]\n";
    let stage = Stage::open_with(tier).await;
    // The tiers below are open.
    let said = stage
        .ask_with(&[("x-weir-intent", "anything")], "auto", "below")
        .await
        .expect(200);
    assert_eq!(said.header("x-weir-tier"), "T0");
    let said = stage.ask("fake/large", "top").await.expect(429);
    assert!(said.body.contains("top-tier-daily"), "{said:#?}");
    let said = stage.ask("auto", "only the best").await.expect(429);
    assert!(said.body.contains("top-tier-daily"), "{said:#?}");
    for model in ["nano", "mini", "standard"] {
        stage.upstream.fail_model(model, Fault::status(404));
    }
    // The models below fail and the top tier is closed: the failure is told, since no reset of a cap would mend it.
    let said = stage
        .ask_with(&[("x-weir-intent", "anything")], "auto", "nothing left below")
        .await;
    assert_ne!(said.status, 200, "{said:#?}");
    assert_eq!(stage.upstream.calls_of("large"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_gives_its_reservation_back() {
    let stage = Stage::open_with(&global(LIMIT)).await;
    stage.upstream.fail(Fault::status(400));
    for number in 0..20 {
        stage.ask("fake/nano", &format!("bad {number}")).await.expect(400);
    }
    let now = state(&stage).await;
    assert_eq!(
        (now.spent_nanousd, now.reserved_nanousd),
        (NanoUsd::ZERO, NanoUsd::ZERO),
        "{now:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_low_tier_is_never_replaced_by_a_dearer_one() {
    let low = |tier: &str| {
        format!(
            "[[caps]]\nname = \"low-tier-daily\"\nscope = {{ kind = \"tier\", value = \"{tier}\" }}\nperiod = \"day\"\n\
             time_zone = \"UTC\"\nlimit_nanousd = 1000\naction = \"close_tier\"\nalert_percent = 80\nenabled = true\n"
        )
    };
    let stage = Stage::open_with(&low("T0")).await;
    let said = stage
        .ask_with(&[("x-weir-intent", "anything")], "auto", "nothing is below")
        .await
        .expect(429);
    assert!(said.body.contains("low-tier-daily"), "{said:#?}");
    assert_eq!(stage.upstream.calls(), 0, "no dearer tier stands in");
    let trace = stage.detail(&said).await.trace;
    let told = |words: &str| trace.iter().any(|step| step.decision.contains(words));
    assert!(told("fake/nano passed over: closed by the cap"), "{trace:#?}");
    assert!(
        told("fake/mini passed over: tier T1 is dearer than T0"),
        "{trace:#?}"
    );

    // A tier below a closed one is used.
    let stage = Stage::open_with(&low("T1")).await;
    let below = [("x-weir-intent", "anything")];
    stage.ask_with(&below, "auto", "below").await.expect(200);
    stage.upstream.fail_model("nano", Fault::status(404));
    let said = stage.ask_with(&below, "auto", "only above").await;
    assert_ne!(said.status, 200, "{said:#?}");
    assert_eq!(
        (
            stage.upstream.calls_of("standard"),
            stage.upstream.calls_of("large")
        ),
        (0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_output_that_a_cap_reserved_for_is_all_that_a_provider_may_give() {
    let stage = Stage::open_with(&global(100_000_000)).await;
    let unlimited = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": model}]});
    let ask = async |model: &str| {
        let request = stage.post("/v1/chat/completions", &unlimited(model));
        stage.send(request).await.expect(200);
        stage.upstream.last().body
    };
    assert_eq!(ask("fake/nano").await["max_tokens"], 4_096);
    assert_eq!(ask("claude/haiku").await["max_tokens"], 4_096);
    assert_eq!(
        ask("gem/flash").await["generationConfig"]["maxOutputTokens"],
        4_096
    );

    // The client's own limit stays, and without a cap nothing is added.
    let own = with(unlimited("fake/mini"), json!({"max_tokens": 77}));
    stage
        .send(stage.post("/v1/chat/completions", &own))
        .await
        .expect(200);
    assert_eq!(stage.upstream.last().body["max_tokens"], 77);
    let state = state(&stage).await;
    stage
        .admin(CapsSave {
            cap: Cap {
                enabled: false,
                ..state.cap
            },
            expected_version: state.version,
        })
        .await;
    let free = json!({"model": "fake/nano", "messages": [{"role": "user", "content": "free"}]});
    stage
        .send(stage.post("/v1/chat/completions", &free))
        .await
        .expect(200);
    assert!(stage.upstream.last().body.get("max_tokens").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_short_only_where_a_cap_has_little_room() {
    // Mini's output costs at most 12 dollars a million tokens, so its whole context is 1.20 dollars.
    let context = "[models.\"fake/mini\"]\ncontext_tokens = 100000\n";
    let stage = Stage::open_with(&format!("{}{context}", global(20_000_000_000))).await;
    let ask = async |text: &str| {
        let body = json!({"model": "fake/mini", "messages": [{"role": "user", "content": text}]});
        let said = stage
            .send(stage.post("/v1/chat/completions", &body))
            .await
            .expect(200);
        (stage.upstream.last().body["max_tokens"].clone(), said)
    };
    let (told, said) = ask("plenty").await;
    assert_eq!(told, json!(null), "nothing is cut short");
    let detail = stage.detail(&said).await;
    let reserve = detail.trace.iter().find(|step| step.stage == "reserve").unwrap();
    assert!(
        reserve.facts.iter().any(|(_, value)| value == "100000 tokens"),
        "{reserve:?}"
    );

    let state = state(&stage).await;
    stage
        .admin(CapsSave {
            cap: Cap {
                limit_nanousd: NanoUsd(1_000_000_000),
                ..state.cap
            },
            expected_version: state.version,
        })
        .await;
    let (told, _) = ask("little").await;
    assert_eq!(told, json!(4_096));
}
