//! Buys a hit all the same, to know what hits are worth.

use super::{
    super::{
        buy::{Purchase, buy},
        cap_steps,
    },
    ask::Asked,
};
use crate::{
    call::{CacheWish, Call},
    engine::Engine,
    pipeline::{Journal, Prepared},
    settings::Settings,
    store::AUDIT_EVENT,
};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Writes a hit down, and has it audited where the draw says so.
pub(crate) async fn served(
    engine: &Arc<Engine>,
    settings: &Arc<Settings>,
    call: &Call,
    prepared: &Prepared,
    asked: Asked,
) {
    if let Some(decision) = &asked.decision
        && let Err(problem) = engine.store.record_decision(decision.clone()).await
    {
        engine.store_failed(&format!(
            "a semantic decision could not be written down: {problem}"
        ));
        return;
    }
    // Who lets only the cache answer wants nothing bought.
    if asked.found.audit && call.wishes.cache != CacheWish::Only {
        audit(engine, settings, call, prepared, asked);
    }
}

/// Buys the answer of a call that was served by similarity, in a task of its own. It is a request like any other: it is held
/// against the caps, recorded and charged. A cap that refuses it, lets only the cache answer, or would have it bought of another
/// model leaves the hit unchecked.
fn audit(engine: &Arc<Engine>, settings: &Arc<Settings>, call: &Call, prepared: &Prepared, asked: Asked) {
    let (engine, settings) = (engine.clone(), settings.clone());
    let mut call = call.clone();
    call.stream = false;
    call.wishes.event = AUDIT_EVENT.to_owned();
    let mut prepared = prepared.clone();
    let without_stream = |body: &Value| {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.shift_remove("stream");
            fields.shift_remove("stream_options");
        }
        Arc::new(body)
    };
    call.body = without_stream(&call.body);
    prepared.body = without_stream(&prepared.body);
    for chat in [&mut call.chat, &mut prepared.chat].into_iter().flatten() {
        let mut whole = chat.as_ref().clone();
        whole.stream = false;
        whole.stream_usage = false;
        *chat = Arc::new(whole);
    }
    let mut journal = Journal::open(engine.clock.clone(), engine.new_request_id(), &call);
    journal.clears_known = engine.clears_known();
    journal.row.intent.clone_from(&prepared.intent);
    journal.row.cache = weir_contract::model::request::CacheOutcome::Miss;
    let audited = asked
        .decision
        .as_ref()
        .map(|decision| decision.pair.request_id.clone())
        .unwrap_or_default();
    journal.note(
        "semantic",
        "an audit: a hit is bought all the same, to see whether its answer was right",
        &[("request", audited.clone())],
    );
    let asked = Asked {
        audits: Some(audited),
        ..asked
    };
    let mut purchase = Purchase {
        settings,
        call: Arc::new(call),
        prepared: Arc::new(prepared),
        journal,
        leader: None,
        asked: Some(asked),
    };
    let buyer = engine.clone();
    engine.tasks.spawn(async move {
        let Purchase {
            settings,
            call,
            prepared,
            journal,
            ..
        } = &mut purchase;
        let left = cap_steps::act(&buyer, settings, call, prepared.clone(), journal).await;
        if !left.is_ok_and(|left| left.target == prepared.target) {
            return;
        }
        // Nobody waits for the answer, but a receiver that is gone would count as a client who left.
        let (answer, _answered) = oneshot::channel();
        buy(&buyer, purchase, answer).await;
    });
}
