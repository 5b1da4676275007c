//! Holding the worst case of a call against every cap that applies, and what to do when one has no room.

use super::{
    Buyer, Next,
    refuse::{fails_open, note_held, store_away},
};
use crate::{
    budget::{
        counted::{AnswerFacts, Counted, counting},
        estimate::{PromptSize, worst_case_nanousd},
        learned_ratio::Tokens,
        need::{EstimateOf, Need},
        purse::{Held, PurseError},
    },
    call::Call,
    pipeline::Journal,
    request::{Chat, Part},
    routing::{
        output_limit::{open_output, output_limit},
        plan::{Candidate, price_of},
    },
    spool::Spooled,
    store::{OpenReservation, Settlement, StoreError},
};
use weir_contract::NanoUsd;

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
            let need = self.need(candidate, output, now_ms);
            let held = match self.engine.purse.hold(&caps, need, now_ms).await {
                Ok(held) => held,
                Err(PurseError::CapReached { .. }) if open_output.is_some() => {
                    open_output = None;
                    continue;
                }
                Err(problem) => return Err(self.not_reserved(&caps, problem, candidate, journal)),
            };
            let written = self.write_down(held, candidate, now_ms, &caps, journal).await?;
            let (held, reservation_id, is_written) = written;
            if !is_written || self.engine.purse.still_holds(&held) {
                self.attempts += 1;
                note_held(&caps, &held, candidate, output, journal);
                let usual = self.worst_case(candidate, self.output_limit(candidate), now_ms);
                let reserved = if held.is_unguarded() {
                    need.careful
                } else {
                    held.amount
                };
                return Ok(Reserved {
                    told_output: (is_bounded && open_output.is_none()).then_some(output),
                    charge_on_cut: usual.min(reserved),
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
        Err(Next::Stop(store_away(
            &caps,
            &StoreError::Unavailable(message.to_owned()),
        )))
    }

    /// What the call needs of strict caps, and of balanced ones.
    fn need(&self, candidate: &Candidate, output: u32, now_ms: i64) -> Need {
        let hard_bound = self.worst_case(candidate, output, now_ms);
        let size = size_of(self.call, self.prepared.chat.as_deref(), output);
        let tokens = size.worst_input_tokens();
        let (price, _) = price_of(self.settings, candidate.tier, &candidate.model, tokens, now_ms);
        let careful = self.engine.careful_nanousd(&EstimateOf {
            model: &candidate.model,
            input_bytes: tokens,
            max_output_tokens: size.worst_output_tokens(),
            price: &price,
        });
        Need::new(hard_bound, careful.unwrap_or(hard_bound))
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

    /// Writes what is held into the store, so that a crash cannot forget it, and says whether it did: where all caps that
    /// count the call fail open, it goes on without.
    async fn write_down(
        &mut self,
        held: Held,
        candidate: &Candidate,
        now_ms: i64,
        caps: &[Counted<'_>],
        journal: &mut Journal,
    ) -> Result<(Held, String, bool), Next> {
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
            hard_bound_nanousd: held.hard_bound,
            leases: held.held_leases(),
            opened_ms: now_ms,
            row: row.clone(),
        };
        if let Err(problem) = self.engine.store.open_reservation(opened.clone()).await {
            self.engine
                .store_failed(&format!("a reservation could not be written: {problem}"));
            let passes = fails_open(caps) && matches!(problem, StoreError::Unavailable(_));
            // What is neither in the store nor on disk would be forgotten if this process died during the call.
            if passes
                && self
                    .engine
                    .keep_on_disk(&Spooled::Reservation(Box::new(opened)))
                    .await
                    != Some(false)
            {
                let what = "the store is away and every cap that counts this call lets it pass then; it is charged when the store is back";
                journal.note("reserve", what, &[("problem", problem.to_string())]);
                return Ok((held, reservation_id, false));
            }
            // It may have been written all the same, and only the answer was lost: the request's record ends it then.
            self.settlements.push(Settlement {
                reservation_id,
                amount_nanousd: NanoUsd::ZERO,
                settled: true,
                leases: held.leases(),
            });
            self.engine.purse.settle(held, NanoUsd::ZERO);
            return Err(Next::Stop(store_away(caps, &problem)));
        }
        Ok((held, reservation_id, true))
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
