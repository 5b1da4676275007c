//! Trying candidates until one begins to answer: reserve, call, and on failure retry, then the next candidate.
//! Everything here happens before the first byte reaches the client, so nothing is ever mixed.

mod ask;
mod fail;
mod refuse;
mod reserve;

pub(crate) use refuse::unchecked;

use super::{
    breaker::{CallOutcome, Permit},
    plan::{Candidate, plan},
    retry::RetryDecision,
};
use crate::{
    budget::{learned_ratio::Tokens, purse::Held},
    call::Call,
    engine::Engine,
    pipeline::{Journal, Prepared, Problem},
    provider::{UpstreamAnswer, UpstreamError},
    scopes::keep_to_scopes,
    settings::{ModelRef, Settings},
    store::Settlement,
};
use fail::{fault_of, outcome_of, passed_on};
use reserve::Reserved;
use std::{sync::Arc, time::Duration};
use weir_contract::{NanoUsd, model::tier::Tier};

/// A provider that has begun to answer.
pub struct Opened {
    pub candidate: Candidate,
    pub held: Held,
    pub reservation_id: String,
    pub answer: UpstreamAnswer,
    /// To be handed back to the breaker with the answer's end.
    pub permit: Permit,
    /// What is charged if the answer breaks off without usage.
    pub charge_on_cut: NanoUsd,
    /// The most that it can use.
    pub bound: Tokens,
}

/// One call's way through its candidates.
pub struct Buyer<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    call: &'a Call,
    prepared: &'a Prepared,
    attempts: u32,
    /// Reservations opened so far; more than attempts where one came too late to be used.
    reservations: u32,
    /// Charges of attempts that failed after they may have cost something.
    pub settlements: Vec<Settlement>,
    last_failure: Option<UpstreamError>,
    closed_by_cap: Option<Problem>,
    /// The tier that a cap has closed, and the cap's name.
    closed_tier: Option<(Tier, String)>,
    /// Set when a candidate was passed over only because its breaker is open, which soon ends.
    breaker_open: bool,
}

/// What to do after an attempt.
enum Next {
    Opened(Box<Opened>),
    PassOver,
    Stop(Problem),
}

impl<'a> Buyer<'a> {
    /// A buyer that has tried nothing yet.
    #[must_use]
    pub fn new(
        engine: &'a Arc<Engine>,
        settings: &'a Settings,
        call: &'a Call,
        prepared: &'a Prepared,
    ) -> Buyer<'a> {
        Buyer {
            engine,
            settings,
            call,
            prepared,
            attempts: 0,
            reservations: 0,
            settlements: Vec::new(),
            last_failure: None,
            closed_by_cap: None,
            closed_tier: None,
            breaker_open: false,
        }
    }

    /// Finds a provider that begins to answer.
    ///
    /// # Errors
    /// A [`Problem`] that names the last failure, or what stood in the way of every candidate.
    pub async fn open(&mut self, journal: &mut Journal) -> Result<Opened, Problem> {
        self.engine.retry_budget_seen();
        let protocol = self.call.protocol;
        let speaks = |model: &ModelRef| {
            self.settings
                .providers
                .get(&model.provider)
                .is_some_and(|provider| provider.adapter.speaks(protocol))
        };
        let mut plan = plan(
            self.settings,
            &self.prepared.target,
            &self.prepared.needs,
            speaks,
            self.engine.clock.now_ms(),
        );
        keep_to_scopes(&self.call.key.scopes, &mut plan);
        for (model, reason) in &plan.passed_over {
            journal.note("route", format!("{model} passed over: {reason}"), &[]);
        }
        for candidate in plan.candidates {
            if self.is_above_a_closed_tier(&candidate, journal) {
                continue;
            }
            match self.try_candidate(candidate, journal).await {
                Next::Opened(opened) => return Ok(*opened),
                Next::PassOver => {}
                Next::Stop(problem) => return Err(problem),
            }
        }
        Err(self.nothing_worked(&plan.passed_over))
    }

    /// Tiers below a closed one may stand in for it, and they were tried before it; a dearer one would spend more because of a
    /// cap that is there to spend less.
    fn is_above_a_closed_tier(&self, candidate: &Candidate, journal: &mut Journal) -> bool {
        let (Some(tier), Some((closed, cap))) = (candidate.tier, &self.closed_tier) else {
            return false;
        };
        let above = tier > *closed;
        if above {
            let why = format!(
                "{} passed over: tier {tier} is dearer than {closed}, which the cap \"{cap}\" closed",
                candidate.model
            );
            journal.note("route", why, &[]);
        }
        above
    }

    async fn try_candidate(&mut self, candidate: Candidate, journal: &mut Journal) -> Next {
        let model = candidate.model.clone();
        let mut retries = 0;
        loop {
            let Some(permit) = self.engine.breaker_admits(&model) else {
                self.breaker_open = true;
                journal.note(
                    "route",
                    format!("{model} passed over: its breaker is open after repeated failures"),
                    &[],
                );
                return Next::PassOver;
            };
            let Reserved {
                held,
                reservation_id,
                told_output,
                charge_on_cut,
                bound,
            } = match self.reserve(&candidate, journal).await {
                Ok(reserved) => reserved,
                Err(next) => {
                    self.engine.breaker_record(&model, permit, CallOutcome::Neutral);
                    return next;
                }
            };
            let failure = match self.ask(&candidate, told_output, journal).await {
                Ok(answer) => {
                    return Next::Opened(Box::new(Opened {
                        candidate,
                        held,
                        reservation_id,
                        answer,
                        permit,
                        charge_on_cut,
                        bound,
                    }));
                }
                Err(failure) => failure,
            };
            self.engine
                .breaker_record(&model, permit, outcome_of(failure.kind));
            self.settle_failure(held, charge_on_cut, reservation_id, &failure, journal);
            let decision = self
                .engine
                .retry_decision(fault_of(&failure), retries, failure.retry_after_ms);
            match decision {
                RetryDecision::Wait { wait_ms } => {
                    journal.note("attempt", format!("trying {model} again in {wait_ms} ms"), &[]);
                    retries += 1;
                    self.last_failure = Some(failure);
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
                RetryDecision::NextTier(reason) => {
                    journal.note("attempt", format!("no further try of {model}: {reason:?}"), &[]);
                    self.last_failure = Some(failure);
                    return Next::PassOver;
                }
                RetryDecision::GiveUp => return Next::Stop(passed_on(&failure)),
            }
        }
    }
}
