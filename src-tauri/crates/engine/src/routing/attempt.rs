//! Trying candidates until one begins to answer: reserve, call, and on failure retry, then the next candidate.
//! Everything here happens before the first byte reaches the client, so nothing is ever mixed.

use super::{
    breaker::{CallOutcome, Permit},
    plan::{Candidate, Target, plan, price_of},
    retry::{Fault, RetryDecision},
};
use crate::{
    budget::{
        estimate::{PromptSize, worst_case_nanousd},
        purse::{Held, PurseError},
    },
    call::{Call, RefusalCode},
    engine::Engine,
    pipeline::{Journal, Prepared, Problem},
    provider::{
        StreamPiece, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, failure::broken_off,
    },
    request::{Chat, Part},
    settings::Settings,
    store::{OpenReservation, Settlement},
};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapScope},
        tier::Tier,
    },
};

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
}

/// One call's way through its candidates.
pub struct Buyer<'a> {
    engine: &'a Arc<Engine>,
    settings: &'a Settings,
    call: &'a Call,
    prepared: &'a Prepared,
    attempts: u32,
    /// Charges of attempts that failed after they may have cost something.
    pub settlements: Vec<Settlement>,
    last_failure: Option<UpstreamError>,
    closed_by_cap: Option<Problem>,
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
            settlements: Vec::new(),
            last_failure: None,
            closed_by_cap: None,
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
        let speaks = |model: &crate::settings::ModelRef| {
            self.settings
                .providers
                .get(&model.provider)
                .is_some_and(|provider| provider.adapter.speaks(protocol))
        };
        let plan = plan(
            self.settings,
            &self.prepared.target,
            &self.prepared.needs,
            speaks,
            self.engine.clock.now_ms(),
        );
        for (model, reason) in &plan.passed_over {
            journal.note("route", format!("{model} passed over: {reason}"), &[]);
        }
        for candidate in plan.candidates {
            match self.try_candidate(candidate, journal).await {
                Next::Opened(opened) => return Ok(*opened),
                Next::PassOver => {}
                Next::Stop(problem) => return Err(problem),
            }
        }
        Err(self.nothing_worked(&plan.passed_over))
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
            let (held, reservation_id) = match self.reserve(&candidate, journal).await {
                Ok(reserved) => reserved,
                Err(next) => {
                    self.engine.breaker_record(&model, permit, CallOutcome::Neutral);
                    return next;
                }
            };
            let failure = match self.attempt(&candidate, journal).await {
                Ok(answer) => {
                    let charge_on_cut = held.amount;
                    return Next::Opened(Box::new(Opened {
                        candidate,
                        held,
                        reservation_id,
                        answer,
                        permit,
                        charge_on_cut,
                    }));
                }
                Err(failure) => failure,
            };
            self.engine
                .breaker_record(&model, permit, outcome_of(failure.kind));
            self.settle_failure(held, reservation_id, &failure, journal);
            let decision =
                self.engine
                    .retry_decision(fault_of(failure.kind), retries, failure.retry_after_ms);
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

    /// Holds the worst case against every cap that applies and writes the reservation down.
    async fn reserve(
        &mut self,
        candidate: &Candidate,
        journal: &mut Journal,
    ) -> Result<(Held, String), Next> {
        let now_ms = self.engine.clock.now_ms();
        let size = size_of(self.call, self.prepared.chat.as_deref());
        let tokens = size.worst_input_tokens();
        let (dearest, _) = price_of(self.settings, candidate.tier, &candidate.model, tokens, now_ms);
        let amount = worst_case_nanousd(&dearest, &size);
        let caps: Vec<&Cap> = self
            .settings
            .caps
            .iter()
            .filter(|cap| cap.enabled && applies(cap, candidate.tier))
            .collect();
        let held = match self.engine.purse.hold(&caps, amount, now_ms).await {
            Ok(held) => held,
            Err(problem) => return Err(self.not_reserved(&caps, problem, candidate, journal)),
        };
        self.attempts += 1;
        let row = &mut journal.row;
        row.attempts = self.attempts;
        row.tier = candidate.tier;
        row.provider.clone_from(&candidate.model.provider);
        row.model.clone_from(&candidate.model.model);
        row.simulated = self
            .settings
            .providers
            .get(&candidate.model.provider)
            .is_some_and(crate::settings::RunningProvider::is_simulated);
        row.price_unknown = candidate.price_unknown;
        row.price_id.clone_from(&candidate.price.id);
        let reservation_id = format!("{}-{}", row.id, self.attempts);
        let opened = OpenReservation {
            id: reservation_id.clone(),
            gateway_id: self.engine.gateway_id.clone(),
            amount_nanousd: amount,
            leases: held.leases(),
            opened_ms: now_ms,
            row: row.clone(),
        };
        if let Err(problem) = self.engine.store.open_reservation(opened).await {
            self.engine.purse.settle(held, NanoUsd::ZERO);
            self.engine
                .store_failed(&format!("a reservation could not be written: {problem}"));
            return Err(Next::Stop(store_away(&problem)));
        }
        let caps: Vec<&str> = caps.iter().map(|cap| cap.name.as_str()).collect();
        journal.note(
            "reserve",
            format!("holds {amount} for {}", candidate.model),
            &[("caps", caps.join(", "))],
        );
        Ok((held, reservation_id))
    }

    fn not_reserved(
        &mut self,
        caps: &[&Cap],
        problem: PurseError,
        candidate: &Candidate,
        journal: &mut Journal,
    ) -> Next {
        let PurseError::CapReached {
            cap,
            limit,
            spent,
            reserved,
            need,
            resets_ms,
            resets_text,
        } = problem
        else {
            return Next::Stop(Problem::new(
                RefusalCode::StoreUnavailable,
                format!("spend cannot be checked, so nothing is bought: {problem}"),
            ));
        };
        let message = format!(
            "the budget cap \"{cap}\" of {limit} has no room: {spent} spent, {reserved} reserved, this call may need {need}. It resets {resets_text}"
        );
        journal.note("reserve", message.clone(), &[("cap", cap.clone())]);
        let wait_s = (resets_ms - self.engine.clock.now_ms())
            .max(0)
            .cast_unsigned()
            .div_ceil(1_000);
        let problem = Problem {
            retry_after_seconds: Some(wait_s),
            ..Problem::new(RefusalCode::CapReached, message)
        };
        let closes_tier = caps
            .iter()
            .any(|one| one.name == cap && one.action == CapAction::CloseTier);
        let auto = matches!(self.prepared.target, Target::Auto { .. });
        if auto && (closes_tier || cheaper_may_fit(candidate)) {
            journal.note(
                "route",
                format!("{} passed over: closed by the cap \"{cap}\"", candidate.model),
                &[],
            );
            self.closed_by_cap = Some(problem);
            return Next::PassOver;
        }
        Next::Stop(problem)
    }

    /// One call to the provider, up to its first piece.
    async fn attempt(
        &mut self,
        candidate: &Candidate,
        journal: &mut Journal,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let Some(provider) = self.settings.providers.get(&candidate.model.provider) else {
            return Err(broken_off("the provider was removed"));
        };
        let timeouts = self.settings.timeouts;
        let call = UpstreamCall {
            protocol: self.call.protocol,
            model: candidate.model.model.clone(),
            chat: self.prepared.chat.clone().unwrap_or_default(),
            body: self.prepared.body.clone(),
            stream: self.call.stream,
            simulate: self.call.wishes.simulate.clone(),
            first_byte_timeout: timeouts.first_byte,
            idle_timeout: timeouts.idle,
        };
        let started_us = journal.elapsed_us();
        let answer = match provider.adapter.call(call).await {
            Ok(UpstreamAnswer::Stream(pieces)) => with_first_piece(pieces, timeouts.first_byte).await,
            other => other,
        };
        let took_us = journal.elapsed_us() - started_us;
        journal.row.upstream_us += took_us;
        let tier = candidate.tier.map_or("no tier", Tier::as_str);
        let took = format!("{} ms", took_us / 1_000);
        match &answer {
            Ok(_) => journal.note(
                "attempt",
                format!("{} ({tier}) began to answer", candidate.model),
                &[("after", took)],
            ),
            Err(failure) => journal.note(
                "attempt",
                format!("{} ({tier}) failed: {}", candidate.model, failure.message),
                &[("after", took), ("kind", failure.kind.as_str().to_owned())],
            ),
        }
        answer
    }

    fn settle_failure(
        &mut self,
        held: Held,
        reservation_id: String,
        failure: &UpstreamError,
        journal: &mut Journal,
    ) {
        let charged = if may_have_cost(failure) {
            held.amount
        } else {
            NanoUsd::ZERO
        };
        if charged > NanoUsd::ZERO {
            journal.note(
                "settle",
                format!("the failed attempt may have been billed: {charged} charged, unsettled"),
                &[],
            );
        }
        let settled = charged == NanoUsd::ZERO;
        self.settlements.push(Settlement {
            reservation_id,
            amount_nanousd: charged,
            settled,
            leases: held.leases(),
        });
        self.engine.purse.settle(held, charged);
        let row = &mut journal.row;
        row.cost_nanousd = self
            .settlements
            .iter()
            .map(|settlement| settlement.amount_nanousd)
            .sum();
        if !settled {
            row.cost_basis = weir_contract::model::request::CostBasis::Unsettled;
        }
    }

    /// What the client is told. A provider that may soon answer comes before a cap that stays closed for hours, so that the
    /// wait it is told is true.
    fn nothing_worked(&mut self, passed_over: &[(crate::settings::ModelRef, String)]) -> Problem {
        if let Some(failure) = self.last_failure.take() {
            return passed_on(&failure);
        }
        if self.breaker_open {
            let message = "no model can answer now: the breakers of all candidates are open after repeated failures; try again in a few seconds";
            return Problem {
                retry_after_seconds: Some(5),
                ..Problem::new(RefusalCode::NoViableModel, message)
            };
        }
        if let Some(problem) = self.closed_by_cap.take() {
            return problem;
        }
        let reasons: Vec<String> = passed_over
            .iter()
            .map(|(model, reason)| format!("{model}: {reason}"))
            .collect();
        let message = if reasons.is_empty() {
            "no model can answer: no tier that this call may use holds a model; add one under tiers in the configuration, or name a model".to_owned()
        } else {
            format!("no model can answer this call: {}", reasons.join("; "))
        };
        // Waiting would change none of this.
        Problem::new(RefusalCode::NoViableModel, message)
    }
}

/// A stream is open only when its first piece has come; a failure before that may still be retried.
async fn with_first_piece(
    mut pieces: futures::stream::BoxStream<'static, Result<StreamPiece, UpstreamError>>,
    wait: Duration,
) -> Result<UpstreamAnswer, UpstreamError> {
    match tokio::time::timeout(wait, pieces.next()).await {
        Ok(Some(Ok(first))) => {
            let whole = futures::stream::once(async move { Ok(first) }).chain(pieces);
            Ok(UpstreamAnswer::Stream(whole.boxed()))
        }
        Ok(Some(Err(failure))) => Err(failure),
        Ok(None) => Err(broken_off("the stream ended before its first event")),
        Err(_) => Err(UpstreamError {
            kind: UpstreamErrorKind::Timeout,
            ..broken_off(format!("no event came within {} s", wait.as_secs()))
        }),
    }
}

/// Which caps a candidate counts against.
fn applies(cap: &Cap, tier: Option<Tier>) -> bool {
    match cap.scope {
        CapScope::Global => true,
        CapScope::Tier(capped) => tier == Some(capped),
    }
}

/// A cap without room for one model's worst case may still have room for a cheaper one later on the ladder.
fn cheaper_may_fit(candidate: &Candidate) -> bool {
    candidate.tier.is_some()
}

/// What a call can be at most. The whole body bounds the text: whatever reaches the model stood in it.
fn size_of(call: &Call, chat: Option<&Chat>) -> PromptSize {
    let Some(chat) = chat else {
        return PromptSize {
            max_output_tokens: Some(0),
            ..PromptSize::of_text(call.body_text.len() as u64, 1, None)
        };
    };
    let parts = || chat.turns.iter().flat_map(|turn| &turn.parts);
    let inline_bytes: usize = parts()
        .map(|part| {
            if let Part::ImageBase64 { data, .. } = part {
                data.len()
            } else {
                0
            }
        })
        .sum();
    let images = parts()
        .filter(|part| matches!(part, Part::ImageBase64 { .. } | Part::ImageUrl { .. }))
        .count();
    let text_bytes = call.body_text.len().saturating_sub(inline_bytes) + chat.system.len();
    let choices = call
        .body
        .get("n")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(1);
    PromptSize {
        images: images as u64,
        choices,
        ..PromptSize::of_text(
            text_bytes as u64,
            chat.turns.len() as u64 + 1,
            chat.max_tokens.map(u64::from),
        )
    }
}

/// What a failure says of the provider's health.
fn outcome_of(kind: UpstreamErrorKind) -> CallOutcome {
    match kind {
        UpstreamErrorKind::BadRequest | UpstreamErrorKind::NotSupported | UpstreamErrorKind::Unauthorized => {
            CallOutcome::Neutral
        }
        UpstreamErrorKind::Timeout => CallOutcome::Timeout,
        UpstreamErrorKind::Truncated => CallOutcome::Truncated,
        _ => CallOutcome::Failure,
    }
}

/// What a failure means for trying again.
fn fault_of(kind: UpstreamErrorKind) -> Fault {
    match kind {
        UpstreamErrorKind::BadRequest => Fault::Request,
        UpstreamErrorKind::Unauthorized | UpstreamErrorKind::NotSupported => Fault::ThisProvider,
        _ => Fault::Transient,
    }
}

/// Failures after which the provider may have worked, and billed. One that came with a status (a redirect, a 408) is an
/// answer that says it did not.
fn may_have_cost(failure: &UpstreamError) -> bool {
    use UpstreamErrorKind::{Malformed, Timeout, Truncated};
    failure.status.is_none() && matches!(failure.kind, Timeout | Truncated | Malformed)
}

fn store_away(problem: &crate::store::StoreError) -> Problem {
    let message = format!(
        "nothing can be bought while spend cannot be recorded: {problem}; cached answers are still served"
    );
    Problem {
        retry_after_seconds: Some(2),
        ..Problem::new(RefusalCode::StoreUnavailable, message)
    }
}

/// A provider's failure in words for the client.
fn passed_on(failure: &UpstreamError) -> Problem {
    use UpstreamErrorKind::{BadRequest, NotSupported, RateLimited, Timeout, Unauthorized};
    let (code, status) = match failure.kind {
        BadRequest | NotSupported => (
            RefusalCode::BadRequest,
            failure.status.filter(|status| (400..500).contains(status)),
        ),
        Unauthorized => (RefusalCode::ProviderUnauthorized, None),
        RateLimited => (RefusalCode::ProviderFailed, Some(429)),
        Timeout => (RefusalCode::ProviderFailed, Some(504)),
        _ => (RefusalCode::ProviderFailed, None),
    };
    let raw = failure
        .raw
        .clone()
        .filter(|_| matches!(failure.kind, BadRequest | NotSupported | RateLimited));
    let retry_after_seconds = failure.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000));
    Problem {
        status,
        raw,
        retry_after_seconds,
        ..Problem::new(code, failure.message.clone())
    }
}
