//! What is said where money cannot be held: which cap, how much is spent and reserved, and when to come back.

use super::{Buyer, Next};
use crate::{
    budget::{
        counted::Counted,
        purse::{Held, PurseError},
    },
    call::RefusalCode,
    pipeline::{Journal, Problem},
    routing::plan::{Candidate, Target},
    store::StoreError,
};
use weir_contract::{
    NanoUsd,
    model::cap::{CapSubject, StoreAway},
};

impl Buyer<'_> {
    pub(super) fn not_reserved(
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
            lent,
            need,
            resets_ms,
            resets_text,
        } = problem
        else {
            return Next::Stop(unchecked(caps, &problem));
        };
        let lent = if lent > NanoUsd::ZERO {
            format!(", {lent} lent to gateways that did not give it back in time")
        } else {
            String::new()
        };
        let advice = if need > limit {
            "; no reset will help, since that is more than the whole cap: ask for a shorter answer, or raise the cap"
        } else {
            ""
        };
        let message = format!(
            "the budget cap {whose} of {limit} has no room: {spent} spent, {reserved} reserved{lent}, this call may need {need}{advice}. It resets {resets_text}"
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

/// The refusal where a reservation cannot be written down.
pub(super) fn store_away(caps: &[Counted<'_>], problem: &StoreError) -> Problem {
    away(
        caps,
        format!("nothing can be bought while spend cannot be recorded: {problem}"),
    )
}

/// The refusal where the store cannot say what is spent.
pub(crate) fn unchecked(caps: &[Counted<'_>], problem: &PurseError) -> Problem {
    away(
        caps,
        format!("spend cannot be checked, so nothing is bought: {problem}"),
    )
}

/// It names the caps that want it so.
fn away(caps: &[Counted<'_>], what: String) -> Problem {
    let closed = caps
        .iter()
        .filter(|counted| counted.cap.manner.when_store_is_away == StoreAway::Refuse);
    let names: Vec<String> = closed.map(Counted::in_words).collect();
    let who = match names.as_slice() {
        [] => String::new(),
        [one] => format!("; the cap {one} refuses while the store is away"),
        several => format!("; the caps {} refuse while the store is away", several.join(", ")),
    };
    let message = format!("{what}{who}; cached answers are still served");
    Problem {
        retry_after_seconds: Some(2),
        ..Problem::new(RefusalCode::StoreUnavailable, message)
    }
}

/// True where some cap counts the call and all that do let it pass while the store is away.
pub(super) fn fails_open(caps: &[Counted<'_>]) -> bool {
    let allows = |counted: &Counted<'_>| counted.cap.manner.when_store_is_away == StoreAway::Allow;
    !caps.is_empty() && caps.iter().all(allows)
}

/// Writes what is held into the trace.
pub(super) fn note_held(
    caps: &[Counted<'_>],
    held: &Held,
    candidate: &Candidate,
    output: u32,
    journal: &mut Journal,
) {
    let names: Vec<String> = caps.iter().map(Counted::in_words).collect();
    let mut facts = vec![
        ("caps", names.join(", ")),
        ("output at most", format!("{output} tokens")),
    ];
    if held.hard_bound > held.amount {
        facts.push(("can cost at most", held.hard_bound.to_string()));
    }
    if held.is_unguarded() {
        facts.push((
            "not held",
            "the store is away, and a cap lets calls pass then".to_owned(),
        ));
    }
    let what = format!("holds {} for {}", held.amount, candidate.model);
    journal.note("reserve", what, &facts);
}
