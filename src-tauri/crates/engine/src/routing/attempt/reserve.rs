//! Holding the worst case of a call against every cap that applies, and what to do when one has no room.

use super::{Buyer, Next};
use crate::{
    budget::{
        counted::{AnswerFacts, Counted, counting},
        estimate::{PromptSize, worst_case_nanousd},
        learned_ratio::Tokens,
        purse::{Held, PurseError},
    },
    call::{Call, RefusalCode},
    pipeline::{Journal, Problem},
    request::{Chat, Part},
    routing::{
        output_limit::{open_output, output_limit},
        plan::{Candidate, Target, price_of},
    },
    store::{OpenReservation, Settlement, StoreError},
};
use weir_contract::{NanoUsd, model::cap::CapSubject};

/// Most reservations opened for one attempt; more than one only where the process stood still in between.
const MOST_RESERVATIONS: u32 = 5;
/// A whole context's worth of output is held only where it is at most this part of each cap, so that a few calls at once do
/// not hold the cap up.
const OPEN_PART_OF_CAP: i64 = 10;

/// Money held for one attempt, and written down.
pub(super) struct Reserved {
    pub(super) held: Held,
    pub(super) reservation_id: String,
    /// The output limit that the provider must be told, or the answer could cost more than is held.
    pub(super) told_output: Option<u32>,
    /// What is charged when nobody can say what was used: the worst case of a usual answer, never of a whole context.
    pub(super) charge_on_cut: NanoUsd,
    /// The most that the call can use of this candidate.
    pub(super) bound: Tokens,
}

impl Buyer<'_> {
    /// Holds the worst case against every cap that applies and writes the reservation down.
    ///
    /// An answer that nobody limited is held for in full while the caps have plenty of room, so that Weir cuts nothing short;
    /// near a cap it is held for a usual length, and the provider is told that limit.
    pub(super) async fn reserve(
        &mut self,
        candidate: &Candidate,
        journal: &mut Journal,
    ) -> Result<Reserved, Next> {
        let settings = self.settings;
        let answer = AnswerFacts {
            tier: candidate.tier,
            model: &candidate.model,
        };
        let caps = counting(&settings.caps, &self.prepared.facts(self.call), answer);
        let is_bounded = caps.iter().any(|counted| counted.bound().is_some());
        let mut open_output = self.open_output(candidate, &caps);
        for _ in 0..MOST_RESERVATIONS {
            let now_ms = self.engine.clock.now_ms();
            let output = open_output.unwrap_or_else(|| self.output_limit(candidate));
            let amount = self.worst_case(candidate, output, now_ms);
            let held = match self.engine.purse.hold(&caps, amount, now_ms).await {
                Ok(held) => held,
                Err(PurseError::CapReached { .. }) if open_output.is_some() => {
                    open_output = None;
                    continue;
                }
                Err(problem) => return Err(self.not_reserved(&caps, problem, candidate, journal)),
            };
            let (held, reservation_id) = self.write_down(held, candidate, now_ms, journal).await?;
            if self.engine.purse.still_holds(&held) {
                self.attempts += 1;
                let names: Vec<String> = caps.iter().map(Counted::in_words).collect();
                journal.note(
                    "reserve",
                    format!("holds {amount} for {}", candidate.model),
                    &[
                        ("caps", names.join(", ")),
                        ("output at most", format!("{output} tokens")),
                    ],
                );
                let usual = self.worst_case(candidate, self.output_limit(candidate), now_ms);
                return Ok(Reserved {
                    told_output: (is_bounded && open_output.is_none()).then_some(output),
                    charge_on_cut: usual.min(amount),
                    bound: self.bound(output),
                    held,
                    reservation_id,
                });
            }
            journal.note(
                "reserve",
                "the money may have been taken back meanwhile; holding it anew",
                &[],
            );
            self.settlements.push(Settlement {
                reservation_id,
                amount_nanousd: NanoUsd::ZERO,
                settled: true,
                leases: held.leases(),
            });
            self.engine.purse.settle(held, NanoUsd::ZERO);
        }
        journal.row.attempts = self.attempts;
        let message = "this gateway stands still so long and so often that it cannot hold money";
        Err(Next::Stop(store_away(&StoreError::Unavailable(
            message.to_owned(),
        ))))
    }

    /// The most that a call to this candidate can cost with answers of so many output tokens.
    fn worst_case(&self, candidate: &Candidate, output: u32, now_ms: i64) -> NanoUsd {
        let size = size_of(self.call, self.prepared.chat.as_deref(), output);
        let tokens = size.worst_input_tokens();
        let (dearest, _) = price_of(self.settings, candidate.tier, &candidate.model, tokens, now_ms);
        worst_case_nanousd(&dearest, &size)
    }

    /// The most tokens that the call can use, with answers of so many output tokens.
    fn bound(&self, output: u32) -> Tokens {
        let size = size_of(self.call, self.prepared.chat.as_deref(), output);
        Tokens {
            input: size.worst_input_tokens(),
            output: size.worst_output_tokens(),
        }
    }

    /// The most output tokens that one answer of this candidate is reserved for; 0 for embeddings.
    fn output_limit(&self, candidate: &Candidate) -> u32 {
        let Some(chat) = &self.prepared.chat else { return 0 };
        let abilities = self.settings.abilities_of(&candidate.model);
        let context = abilities.context_tokens.or(candidate.price.context_tokens);
        output_limit(chat, &self.prepared.needs, &abilities, context)
    }

    /// The bound on an answer that nobody limits, where every cap has plenty of room for it.
    fn open_output(&self, candidate: &Candidate, caps: &[Counted<'_>]) -> Option<u32> {
        let chat = self.prepared.chat.as_deref()?;
        let abilities = self.settings.abilities_of(&candidate.model);
        let context = abilities.context_tokens.or(candidate.price.context_tokens);
        let output = open_output(chat, &abilities, context)?;
        let amount = self.worst_case(candidate, output, self.engine.clock.now_ms());
        caps.iter()
            .filter_map(Counted::bound)
            .all(|bound| amount.0 <= bound.0 / OPEN_PART_OF_CAP)
            .then_some(output)
    }

    /// Writes what is held into the store, so that a crash cannot forget it.
    async fn write_down(
        &mut self,
        held: Held,
        candidate: &Candidate,
        now_ms: i64,
        journal: &mut Journal,
    ) -> Result<(Held, String), Next> {
        self.reservations += 1;
        let row = &mut journal.row;
        row.attempts = self.attempts + 1;
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
        let reservation_id = format!("{}-{}", row.id, self.reservations);
        let opened = OpenReservation {
            id: reservation_id.clone(),
            gateway_id: self.engine.gateway_id.clone(),
            amount_nanousd: held.amount,
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
        Ok((held, reservation_id))
    }

    fn not_reserved(
        &mut self,
        caps: &[Counted<'_>],
        problem: PurseError,
        candidate: &Candidate,
        journal: &mut Journal,
    ) -> Next {
        let PurseError::CapReached {
            cap,
            whose,
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
        let advice = if need > limit {
            "; no reset will help, since that is more than the whole cap: ask for a shorter answer, or raise the cap"
        } else {
            ""
        };
        let message = format!(
            "the budget cap {whose} of {limit} has no room: {spent} spent, {reserved} reserved, this call may need {need}{advice}. It resets {resets_text}"
        );
        journal.note("reserve", message.clone(), &[("cap", whose.clone())]);
        let wait_ms = (resets_ms - self.engine.clock.now_ms()).max(0).cast_unsigned();
        let problem = Problem {
            retry_after_seconds: Some(wait_ms.div_ceil(1_000)),
            ..Problem::new(RefusalCode::CapReached, message)
        };
        if !matches!(self.prepared.target, Target::Auto { .. }) {
            return Next::Stop(problem);
        }
        // A cap without room for one model's worst case may still have room for a cheaper one.
        journal.note(
            "route",
            format!("{} passed over: closed by the cap {whose}", candidate.model),
            &[],
        );
        // Only what is no dearer may stand in for a tier or a model that is closed.
        let of_the_answer = caps.iter().any(|counted| {
            let subject = counted.cap.scope.subject();
            counted.cap.name == cap && subject.is_some_and(CapSubject::is_of_the_answer)
        });
        if let (true, Some(closed)) = (of_the_answer, candidate.tier) {
            self.closed_tier = Some((closed, cap));
        }
        self.closed_by_cap = Some(problem);
        Next::PassOver
    }
}

/// What a call can be at most. The whole body bounds the text: whatever reaches the model stood in it.
fn size_of(call: &Call, chat: Option<&Chat>, output_limit: u32) -> PromptSize {
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
            Some(u64::from(output_limit)),
        )
    }
}

fn store_away(problem: &StoreError) -> Problem {
    let message = format!(
        "nothing can be bought while spend cannot be recorded: {problem}; cached answers are still served"
    );
    Problem {
        retry_after_seconds: Some(2),
        ..Problem::new(RefusalCode::StoreUnavailable, message)
    }
}
