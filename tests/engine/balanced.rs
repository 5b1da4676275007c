//! BUD-2 and BUD-4: by how much a balanced cap can be passed is what the page says, and bursts of long answers do not close it.

use crate::stage::{DAY_START_MS, NOW_MS, Stage, call, daily};
use serde_json::json;
use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};
use support::draw::Draw;
use tokio::task::JoinSet;
use weir_admin::{Admin, Offline};
use weir_contract::{
    NanoUsd,
    model::change::Actor,
    model::{
        cap::{Cap, CapManner, CapMode, CapState},
        usage::TokenUsage,
    },
};
use weir_engine::{
    budget::{
        learned_ratio::{LearnedRatios, SettledUse, Tokens},
        need::{CarefulEstimate, EstimateOf},
    },
    call::{Call, RefusalCode},
    change::Act,
    clock::ManualClock,
    pipeline,
    protocol::parse_chat,
    request::ClientProtocol,
    settings::ModelRef,
    store::{ConfigStore, LedgerStore, Store},
};

/// SplitMix64, seeded from `WEIR_TEST_SEED` or the time.
/// An estimate that is wrong as often as it likes: a tenth of the bound, whatever the truth.
struct Tenth;

impl CarefulEstimate for Tenth {
    fn careful_nanousd(&self, of: &EstimateOf<'_>) -> Option<NanoUsd> {
        let bound = Tokens {
            input: of.input_bytes,
            output: of.max_output_tokens,
        };
        Some(NanoUsd(bound.most_nanousd(of.price).0 / 10))
    }
}

fn cap(mode: CapMode, limit: i64) -> Cap {
    Cap {
        manner: CapManner {
            mode,
            ..CapManner::default()
        },
        ..daily(NanoUsd(limit))
    }
}

/// What the page shows of the cap now.
async fn shown(stage: &Stage) -> CapState {
    let admin = Admin {
        store: stage.flaky.clone() as Arc<dyn Store>,
        live: Arc::new(Offline),
        clock: Arc::new(ManualClock::at_ms(NOW_MS)),
        actor: Actor::default(),
        occasion: weir_admin::Occasion::default(),
    };
    let reply = weir_admin::call(&admin, "caps.list", json!({})).await.unwrap();
    let states: Vec<CapState> = serde_json::from_value(reply).unwrap();
    states.into_iter().next().unwrap()
}

async fn keep(stage: &Stage, cap: &Cap) {
    let body = serde_json::to_string(cap).unwrap();
    let act = Act::of_weir("test", NOW_MS);
    let saved = stage.store.save_config("cap", &cap.name, &body, 0, &act);
    saved.await.unwrap();
    stage.set_caps(vec![cap.clone()]);
}

/// What one answer is said to have used, at a nano-dollar of a thousandth a token: up to the bound of the call.
fn adversarial(draw: &mut Draw) -> TokenUsage {
    let input = if draw.between(0, 4) == 0 {
        100
    } else {
        draw.between(0, 100)
    };
    TokenUsage {
        input,
        output: if draw.between(0, 3) == 0 {
            100
        } else {
            draw.between(0, 101)
        },
        ..TokenUsage::default()
    }
}

/// One round: all calls are let in, the figure is read while every one of them waits for its answer, and then they cost what
/// they like. Returns refusals.
async fn round(stage: &Stage, limit: i64, number: usize, draw: &mut Draw) -> usize {
    let uses: Vec<TokenUsage> = (0..40).map(|_| adversarial(draw)).collect();
    *stage.fake.uses.lock().unwrap() = uses.iter().copied().collect();
    stage.fake.gate.send_replace(false);
    let before = stage.calls();
    let mut calls = JoinSet::new();
    for nth in 0..uses.len() {
        let engine = stage.engine.clone();
        let asked = call(&format!("round {number} call {nth}"), false);
        calls.spawn(async move { pipeline::serve(&engine, asked).await.map(|_| ()) });
    }
    let mut refused = 0;
    let started = std::time::Instant::now();
    while stage.calls() - before + refused < uses.len() {
        if let Ok(Some(ended)) = tokio::time::timeout(Duration::from_millis(5), calls.join_next()).await {
            let refusal = ended.unwrap().unwrap_err();
            assert_eq!(refusal.code, RefusalCode::CapReached);
            refused += 1;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "they never came");
    }
    let figure = shown(stage).await;
    stage.fake.gate.send_replace(true);
    while let Some(ended) = calls.join_next().await {
        ended.unwrap().unwrap();
    }
    let let_in = stage.calls() - before;
    let after = shown(stage).await;
    let over = (after.spent_nanousd.0 - limit).max(0);
    assert!(
        over <= figure.overrun_nanousd.0,
        "passed by {over}, and {} was shown",
        figure.overrun_nanousd
    );
    // And so by no more than what those under way cost beyond what was held for them.
    let cost: i64 = uses[..let_in]
        .iter()
        .map(|used| (used.input + used.output) * 1_000)
        .sum();
    assert_eq!(after.spent_nanousd.0 - figure.spent_nanousd.0, cost);
    let beyond = (cost - figure.reserved_nanousd.0).max(0) + (figure.spent_nanousd.0 - limit).max(0);
    assert!(over <= beyond.max(0) || over == 0, "{over} > {beyond}");
    assert_eq!(
        after.overrun_nanousd.0, over,
        "nothing is under way, so it is what it is passed by"
    );
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_2_a_balanced_cap_is_passed_by_no_more_than_is_shown() {
    let mut draw = Draw::seeded("bud_2");
    let (mut passed, mut refused) = (0, 0);
    for number in 0..8 {
        let limit = 2_000_000 + draw.between(0, 6_000_000);
        let stage = Stage::new(NanoUsd(1)).await;
        stage.engine.estimate_by(Arc::new(Tenth));
        keep(&stage, &cap(CapMode::Balanced, limit)).await;
        for round_number in 0..4 {
            refused += round(&stage, limit, number * 10 + round_number, &mut draw).await;
        }
        let spent = shown(&stage).await.spent_nanousd.0;
        passed += usize::from(spent > limit);
        assert_eq!(stage.store.check_ledger().await.unwrap(), []);
    }
    println!("{passed} of 8 caps were passed, {refused} calls refused");
    assert!(
        passed > 0 && refused > 0,
        "no cap was pressed, so nothing is shown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_2_a_strict_cap_shows_that_it_cannot_be_passed_and_is_not() {
    let mut draw = Draw::seeded("bud_2_strict");
    let limit = 3_000_000;
    let stage = Stage::new(NanoUsd(1)).await;
    stage.engine.estimate_by(Arc::new(Tenth));
    keep(&stage, &cap(CapMode::Strict, limit)).await;
    let mut refused = 0;
    for number in 0..4 {
        refused += round(&stage, limit, number, &mut draw).await;
        let state = shown(&stage).await;
        assert!(state.spent_nanousd.0 <= limit);
        assert_eq!(state.overrun_nanousd, NanoUsd::ZERO);
    }
    assert!(refused > 0);
}

/// A call whose client asks for as much output as the model gives.
fn long_call(text: &str) -> Call {
    let body = json!({
        "model": "fake/m", "max_tokens": 64_000, "messages": [{"role": "user", "content": text}],
    });
    let chat = parse_chat(ClientProtocol::ChatCompletions, &body).unwrap();
    Call {
        body_text: body.to_string().into(),
        chat: Some(Arc::new(chat)),
        body: Arc::new(body),
        ..call(text, false)
    }
}

/// As a gateway has learned it from 5,000 settled calls that gave 300 tokens.
fn learned() -> Arc<Mutex<LearnedRatios>> {
    let mut ratios = LearnedRatios::default();
    let model = ModelRef {
        provider: "fake".into(),
        model: "m".into(),
    };
    for _ in 0..5_000 {
        let settled = SettledUse {
            input_bytes: 150,
            max_output_tokens: 64_000,
            used: Tokens {
                input: 40,
                output: 300,
            },
        };
        ratios.learn(&model, &settled);
    }
    Arc::new(Mutex::new(ratios))
}

/// Half of a dollar is spent, then 60 calls come at once that may each give 64,000 tokens and give 300. Returns refusals.
async fn burst(mode: CapMode) -> Vec<String> {
    let stage = Stage::new(NanoUsd(1)).await;
    stage.engine.estimate_by(learned());
    keep(&stage, &cap(mode, NanoUsd::PER_USD)).await;
    let used = |output| TokenUsage {
        input: 40,
        output,
        ..TokenUsage::default()
    };
    // 10 calls that cost 5 cents each.
    *stage.fake.uses.lock().unwrap() = (0..10).map(|_| used(49_960)).collect();
    for number in 0..10 {
        let spent = pipeline::serve(&stage.engine, long_call(&format!("before {number}")));
        spent.await.map(|_| ()).unwrap();
    }
    let half = stage.store.balance("daily", DAY_START_MS).await.unwrap();
    assert_eq!(half.spent_nanousd, NanoUsd(NanoUsd::PER_USD / 2));
    *stage.fake.uses.lock().unwrap() = (0..60).map(|_| used(300)).collect();
    stage.fake.gate.send_replace(false);
    let mut calls = JoinSet::new();
    for number in 0..60 {
        let engine = stage.engine.clone();
        calls.spawn(async move {
            pipeline::serve(&engine, long_call(&format!("burst {number}")))
                .await
                .map(|_| ())
        });
    }
    let mut refusals = Vec::new();
    let started = std::time::Instant::now();
    // Until each is under way or refused.
    while stage.fake.calls.load(Ordering::SeqCst) + refusals.len() < 70 {
        if let Ok(Some(ended)) = tokio::time::timeout(Duration::from_millis(5), calls.join_next()).await {
            let refusal = ended.unwrap().unwrap_err();
            assert_eq!(refusal.code, RefusalCode::CapReached);
            assert!(refusal.retry_after_seconds.is_some());
            refusals.push(refusal.message);
        }
        assert!(started.elapsed() < Duration::from_secs(60), "they never came");
    }
    stage.fake.gate.send_replace(true);
    while let Some(ended) = calls.join_next().await {
        ended.unwrap().unwrap();
    }
    assert_eq!(stage.fake.calls.load(Ordering::SeqCst), 70 - refusals.len());
    refusals
}

/// The amounts in a sentence, in the order they stand there.
fn amounts(message: &str) -> Vec<i64> {
    let words = message.split(|letter: char| !(letter.is_ascii_digit() || ".$".contains(letter)));
    let dollars = words.filter_map(|word| word.strip_prefix('$'));
    dollars
        .map(|text| NanoUsd::parse_decimal(text.trim_end_matches('.')).unwrap().0)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_4_a_burst_of_long_answers_is_not_refused_at_half_of_a_balanced_cap() {
    assert_eq!(burst(CapMode::Balanced).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn bud_4_each_refusal_of_a_strict_cap_explains_itself() {
    let refusals = burst(CapMode::Strict).await;
    assert!(
        !refusals.is_empty(),
        "64,000 tokens at worst, 60 times, are more than half a dollar"
    );
    for message in refusals {
        let [limit, spent, reserved, need] = amounts(&message)[..] else {
            panic!("{message}")
        };
        assert_eq!(limit, NanoUsd::PER_USD);
        assert!(spent + reserved + need > limit, "{message}");
        for part in [
            "\"daily\"",
            "spent",
            "reserved",
            "may need",
            "It resets 2026-09-22 00:00 UTC",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
