//! Limits in a call's way: requests and calls at the same time when it comes, tokens and dollars before an answer is bought.

use super::{journal::Journal, outcome::Problem, prepare::Prepared};
use crate::{
    budget::{
        estimate::{DEFAULT_OUTPUT_TOKENS, PromptSize, worst_case_nanousd},
        likely::likely_tokens,
    },
    call::{Call, RefusalCode},
    engine::Engine,
    limit::{
        books::LimitRefusal,
        subject::{CallClass, Caller, Weight},
    },
    request::ClientProtocol,
    routing::plan::plan,
    settings::{ModelRef, Settings},
};
use serde_json::Value;
use weir_contract::model::limit::{EXPENSIVE_EMBEDDINGS, EXPENSIVE_INPUT_TOKENS, LimitMeasure};

/// Counts the call as a request and as one under way, or refuses it.
pub(super) async fn at_arrival(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    journal: &mut Journal,
) -> Result<(), Problem> {
    let counts = |measure| matches!(measure, LimitMeasure::Requests | LimitMeasure::Concurrent);
    if call.key.limit.is_none() && !counts_any(settings, counts) {
        return Ok(());
    }
    check(engine, call, journal, &Weight::REQUEST).await
}

/// Holds what the call may use of tokens and dollars, or refuses it. An answer from the cache uses none.
pub(super) async fn before_buying(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    journal: &mut Journal,
) -> Result<(), Problem> {
    let counts_tokens = counts_any(settings, |measure| measure == LimitMeasure::Tokens);
    let counts_dollars = counts_any(settings, |measure| measure == LimitMeasure::Dollars);
    if !counts_tokens && !counts_dollars {
        return Ok(());
    }
    let input_tokens = likely_tokens(call.body_text.len() as u64);
    let output_tokens = output_tokens(prepared);
    let tokens = i64::try_from(input_tokens.saturating_add(output_tokens)).unwrap_or(i64::MAX);
    let weight = Weight {
        tokens: counts_tokens.then_some(tokens),
        nanousd: counts_dollars
            .then(|| nanousd(engine, settings, call, prepared, input_tokens, output_tokens)),
        ..Weight::default()
    };
    check(engine, call, journal, &weight).await
}

fn counts_any(settings: &Settings, counts: impl Fn(LimitMeasure) -> bool) -> bool {
    settings
        .limits
        .iter()
        .any(|limit| limit.enabled && counts(limit.measure))
}

async fn check(engine: &Engine, call: &Call, journal: &mut Journal, weight: &Weight) -> Result<(), Problem> {
    let ip = call.client_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let intent = journal.row.intent.clone();
    let caller = Caller {
        key: &call.key.id,
        user: &call.wishes.user,
        ip: &ip,
        event: &call.wishes.event,
        intent: &intent,
        class: class_of(call),
        own: call.key.limit,
    };
    match engine.limiter.admit(&caller, weight).await {
        Ok(mut hold) => {
            for shadow in hold.shadows.drain(..) {
                journal.note("limit", format!("only counted, in shadow mode: {shadow}"), &[]);
            }
            journal.rate.append(&mut hold.headers);
            journal.holds.push(hold);
            Ok(())
        }
        Err(refusal) => Err(refused(&refusal, journal)),
    }
}

fn refused(refusal: &LimitRefusal, journal: &mut Journal) -> Problem {
    let message = refusal.in_words();
    journal.note("limit", message.clone(), &[("limit", refusal.limit.name.clone())]);
    journal.rate.clone_from(&refusal.headers);
    Problem {
        retry_after_seconds: refusal.retry_after_seconds(),
        ..Problem::new(RefusalCode::RateLimited, message)
    }
}

/// Large by itself: a long input, or many texts to embed at once.
fn class_of(call: &Call) -> CallClass {
    let texts = call
        .body
        .get("input")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let many = call.protocol == ClientProtocol::Embeddings && texts > EXPENSIVE_EMBEDDINGS;
    if many || likely_tokens(call.body_text.len() as u64) > EXPENSIVE_INPUT_TOKENS {
        CallClass::Expensive
    } else {
        CallClass::Model
    }
}

/// The client's own limit, or a usual one, for each answer asked for; none for embeddings.
fn output_tokens(prepared: &Prepared) -> u64 {
    let Some(chat) = prepared.chat.as_deref() else {
        return 0;
    };
    let choices = prepared.body.get("n").and_then(Value::as_u64).unwrap_or(1).max(1);
    chat.max_tokens
        .map_or(DEFAULT_OUTPUT_TOKENS, u64::from)
        .saturating_mul(choices)
}

/// What the call would cost at the model that is tried first.
fn nanousd(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    input_tokens: u64,
    output_tokens: u64,
) -> i64 {
    let speaks = |model: &ModelRef| {
        let provider = settings.providers.get(&model.provider);
        provider.is_some_and(|provider| provider.adapter.speaks(call.protocol))
    };
    let plan = plan(
        settings,
        &prepared.target,
        &prepared.needs,
        speaks,
        engine.clock.now_ms(),
    );
    let size = PromptSize::of_text(input_tokens, 0, Some(output_tokens));
    plan.candidates
        .first()
        .map_or(0, |first| worst_case_nanousd(&first.price, &size).0)
}
