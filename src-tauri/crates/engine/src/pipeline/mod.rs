//! One request from top to bottom. No step reaches back up.
//!
//! ```text
//! intent ─ rollout ─ limit ─ cache ─ semantic ─┬─ hit ──────────────────────────────────┐
//!      ┌─────────────────────────────────────── ┘                                        │
//!      └─ caps ─ limit ─ reserve ─ route ─ provider ─ settle ─ learn ────────────────────┴─ record ─ answer
//! ```
//!
//! Buying an answer runs in a task of its own, so that a client who leaves does not undo what was paid for.

mod buy;
mod cap_steps;
mod journal;
mod keep;
mod limit_checks;
mod outcome;
mod own;
mod prefix;
mod prepare;
mod replay;
mod semantic;
mod settle;
mod shared_flight;
mod stream;

use crate::{
    cache::flight::Seat,
    call::{CacheWish, Call, Refusal, RefusalCode, Reply},
    engine::Engine,
};
use buy::Purchase;
use shared_flight::Turn;

use std::sync::{Arc, atomic::Ordering};
use tokio::sync::oneshot;
use weir_contract::model::request::CacheOutcome;

pub use journal::{Journal, PARENT_STAGE};
pub use outcome::{FlightEnd, Problem};
pub use own::OWN_KEY;
pub use prepare::{Prepared, tenant_of};
pub use semantic::{FeedbackProblem, ProviderEmbedder, feedback};

/// Serves one authenticated call.
///
/// # Errors
/// A [`Refusal`] with its status, code and sentence; it is recorded like an answer.
pub async fn serve(engine: &Arc<Engine>, call: Call) -> Result<Reply, Refusal> {
    let call = Arc::new(call);
    let settings = engine.settings();
    let mut journal = Journal::open(engine.clock.clone(), engine.new_request_id(), &call);
    journal.clears_known = engine.clears_known();
    // A call keeps the settings it began with, whatever is changed meanwhile.
    let version = settings.version.to_string();
    journal.note(
        "configuration",
        format!("decided by version {version}"),
        &[("version", version)],
    );
    // Before the limits, because they may count by intent; a call that cannot be prepared counts all the same.
    let prepared = prepare::prepare(&settings, &call, &mut journal);
    if let Err(problem) = limit_checks::at_arrival(engine, &settings, &call, &mut journal).await {
        return Err(outcome::refuse(engine, &call, journal, problem).await);
    }
    let prepared = match prepared {
        Ok(prepared) => Arc::new(prepared),
        Err(problem) => return Err(outcome::refuse(engine, &call, journal, problem).await),
    };
    // What was bought for the models that the call may use is there for it, whatever the caps say now.
    let mut asked = None;
    if let Some(cache_key) = &prepared.cache_key {
        if prepared.look_up
            && let Some(cached) = replay::look_up(engine, &settings, cache_key, &mut journal).await
        {
            return Ok(replay::answer(engine, &call, journal, &cached).await);
        }
        if prepared.look_up {
            let asking = semantic::ask(engine, &settings, &call, &prepared, &mut journal).await;
            if let (Some(cached), Some(found)) = (&asking.hit, asking.asked.clone()) {
                semantic::served(engine, &settings, &call, &prepared, found).await;
                return Ok(replay::answer_similar(engine, &call, journal, cached).await);
            }
            asked = asking.asked;
        }
        journal.row.cache = CacheOutcome::Miss;
        if call.wishes.cache == CacheWish::Only {
            let problem = Problem::new(
                RefusalCode::CacheOnlyMiss,
                "no cached answer, and x-weir-cache: only forbids buying one; send x-weir-cache: on to ask a provider",
            );
            return Err(outcome::refuse(engine, &call, journal, problem).await);
        }
    }
    let first_key = prepared.cache_key.clone();
    let prepared = match cap_steps::act(engine, &settings, &call, prepared, &mut journal).await {
        Ok(prepared) => prepared,
        Err(problem) => return Err(outcome::refuse(engine, &call, journal, problem).await),
    };
    if let Err(problem) = limit_checks::before_buying(engine, &settings, &call, &prepared, &mut journal).await
    {
        return Err(outcome::refuse(engine, &call, journal, problem).await);
    }
    let Some(cache_key) = prepared.cache_key.clone() else {
        journal.row.cache = CacheOutcome::Bypass;
        return buy_detached(
            engine,
            Purchase {
                settings,
                call,
                prepared,
                journal,
                leader: None,
                asked: None,
            },
        )
        .await;
    };
    let mut is_looked_up = first_key.as_ref() == Some(&cache_key);
    // The store said that the answer is there, and then it could not be read.
    let mut is_misled = false;
    loop {
        if prepared.look_up
            && !is_looked_up
            && let Some(cached) = replay::look_up(engine, &settings, &cache_key, &mut journal).await
        {
            return Ok(replay::answer(engine, &call, journal, &cached).await);
        }
        is_looked_up = false;
        // A flight that began before a clear would bring back what was cleared.
        let flight = format!("{cache_key}@{}", engine.clear_epoch.load(Ordering::Acquire));
        match engine.flights.join(&flight) {
            Seat::Leader(mut leader) => {
                // The flight before this one may have landed after this call looked and before it asked for a seat.
                if prepared.look_up
                    && let Some(cached) =
                        replay::landed_meanwhile(engine, &settings, &cache_key, &mut journal)
                {
                    leader.land(FlightEnd::Answered(cached.clone()));
                    return Ok(replay::answer(engine, &call, journal, &cached).await);
                }
                if prepared.look_up && !is_misled {
                    match shared_flight::turn(engine, &settings, &cache_key).await {
                        Turn::Buy(flight) => leader.hold(flight),
                        Turn::Answered => {
                            let found = replay::look_up(engine, &settings, &cache_key, &mut journal).await;
                            if let Some(cached) = found {
                                leader.land(FlightEnd::Answered(cached.clone()));
                                return Ok(replay::answer(engine, &call, journal, &cached).await);
                            }
                            // It was cleared in the same moment, or cannot be read. To ask on might never end; next time it is bought.
                            is_misled = true;
                            continue;
                        }
                    }
                }
                journal.row.cache = CacheOutcome::Miss;
                let purchase = Purchase {
                    settings,
                    call,
                    prepared,
                    journal,
                    leader: Some(leader),
                    asked,
                };
                return buy_detached(engine, purchase).await;
            }
            Seat::Follower(follower) => {
                journal.note(
                    "cache",
                    "an identical call is being answered; waiting for its answer",
                    &[],
                );
                match follower.wait().await.as_deref() {
                    Some(FlightEnd::Answered(cached)) => {
                        return Ok(replay::answer(engine, &call, journal, cached).await);
                    }
                    Some(FlightEnd::Failed(problem)) => {
                        journal.row.cache = CacheOutcome::Miss;
                        return Err(outcome::refuse(engine, &call, journal, problem.clone()).await);
                    }
                    // The leader was lost; ask again, perhaps lead.
                    None => {}
                }
            }
        }
    }
}

/// Buys an answer in a task that outlives the client.
async fn buy_detached(engine: &Arc<Engine>, purchase: Purchase) -> Result<Reply, Refusal> {
    let (answer, answered) = oneshot::channel();
    let buyer = engine.clone();
    engine
        .tasks
        .spawn(async move { buy::buy(&buyer, purchase, answer).await });
    match answered.await {
        Ok(answer) => answer,
        // The task was dropped with its runtime: the process is stopping hard.
        Err(_) => Err(Problem::new(
            RefusalCode::ProviderFailed,
            "Weir is stopping; repeat the call in a moment",
        )
        .bare()),
    }
}
