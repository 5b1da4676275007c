//! Charging a call that a provider has begun to answer.

use super::journal::Journal;
use crate::{
    budget::{
        learned_ratio::{SettledUse, Tokens},
        likely::usage_from_lengths,
        purse::Held,
    },
    call::Call,
    engine::Engine,
    price::charge::{charge, charge_with_long_writes},
    request::Answer,
    routing::{
        breaker::Permit,
        plan::{Candidate, price_of},
    },
    settings::Settings,
    store::Settlement,
};
use weir_contract::{
    NanoUsd,
    model::{request::CostBasis, usage::TokenUsage},
};

/// An attempt that a provider has begun to answer, and the charges of those before it.
pub(super) struct Paid {
    pub candidate: Candidate,
    pub held: Held,
    pub reservation_id: String,
    pub permit: Permit,
    pub charge_on_cut: NanoUsd,
    /// The most that it could have used.
    pub bound: Tokens,
    pub settlements: Vec<Settlement>,
}

/// Charges what was used, in memory and in the journal; the ledger rows are written with the record.
///
/// Without usage from the provider the charge is an estimate from the lengths, marked unsettled. Without an answer (cut)
/// it is the reserved amount.
pub(super) fn settle(
    engine: &Engine,
    settings: &Settings,
    journal: &mut Journal,
    call: &Call,
    paid: Paid,
    answer: Option<&Answer>,
) -> Vec<Settlement> {
    let Paid {
        candidate,
        held,
        reservation_id,
        charge_on_cut,
        bound,
        mut settlements,
        ..
    } = paid;
    let long_writes = answer
        .and_then(|answer| answer.usage)
        .map_or(0, |usage| usage.long_cache_writes);
    let Charge {
        price_id,
        charged,
        settled,
    } = charge_for(settings, &candidate, journal.row.started_ms, call, answer).unwrap_or_else(|| Charge {
        price_id: candidate.price.id.clone(),
        charged: charge_on_cut,
        settled: false,
    });
    if let Some(usage) = answer.and_then(|answer| answer.usage) {
        let used = Tokens {
            input: u64::try_from(usage.tokens.input_total()).unwrap_or(0),
            output: u64::try_from(usage.tokens.output_total()).unwrap_or(0),
        };
        let settled = SettledUse {
            input_bytes: bound.input,
            max_output_tokens: bound.output,
            used,
        };
        engine.learn(&candidate.model, &settled);
    }
    let row = &mut journal.row;
    row.tokens = answer.and_then(|answer| answer.usage).unwrap_or_default().tokens;
    row.price_id = price_id;
    row.price_unknown = candidate.price_unknown;
    settlements.push(Settlement {
        reservation_id: reservation_id.clone(),
        amount_nanousd: charged,
        settled,
        leases: held.leases(),
    });
    let reserved = held.amount;
    engine.free_when_recorded(&reservation_id, held, charged);
    row.cost_nanousd = settlements
        .iter()
        .map(|settlement| settlement.amount_nanousd)
        .sum();
    let all_settled = settlements.iter().all(|settlement| settlement.settled);
    row.cost_basis = if all_settled {
        CostBasis::Settled
    } else {
        CostBasis::Unsettled
    };
    let mut facts = vec![
        ("reserved", reserved.to_string()),
        ("charged", charged.to_string()),
        ("price", row.price_id.clone()),
    ];
    if long_writes > 0 {
        facts.push((
            "written to the provider's cache for an hour",
            format!("{long_writes} tokens"),
        ));
    }
    let how = if settled {
        "from the provider's usage"
    } else {
        "by estimate, unsettled"
    };
    journal.note("settle", format!("charged {charged} {how}"), &facts);
    settlements
}

/// What a call is charged, and whether its true cost is known.
struct Charge {
    price_id: String,
    charged: NanoUsd,
    settled: bool,
}

/// The charge for an answer; none without one.
fn charge_for(
    settings: &Settings,
    candidate: &Candidate,
    started_ms: i64,
    call: &Call,
    answer: Option<&Answer>,
) -> Option<Charge> {
    let answer = answer?;
    // Long prompts may cost more per token, and only the usage says how long this one was.
    let price_for = |usage: &TokenUsage| {
        let tokens = u64::try_from(usage.input_total()).unwrap_or(0);
        price_of(settings, candidate.tier, &candidate.model, tokens, started_ms).0
    };
    Some(match answer.usage {
        Some(usage) => {
            let price = price_for(&usage.tokens);
            Charge {
                charged: charge_with_long_writes(&price, &usage.tokens, usage.long_cache_writes),
                price_id: price.id.clone(),
                settled: true,
            }
        }
        None => {
            let usage = usage_from_lengths(call.body_text.len() as u64, answer);
            let price = price_for(&usage);
            Charge {
                charged: charge(&price, &usage),
                price_id: price.id.clone(),
                settled: false,
            }
        }
    })
}
