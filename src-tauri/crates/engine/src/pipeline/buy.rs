//! Buying an answer: reserve, route, call, settle, keep, record. Runs to its end whether or not the client still listens.

use super::{
    journal::Journal,
    outcome::{FlightEnd, facts_of, refuse_with, write},
    prepare::Prepared,
    stream,
};
use crate::{
    budget::likely::usage_from_lengths,
    cache::{
        entry::{CachedAnswer, KeptAnswer, reason_not_to_keep},
        flight::Leader,
    },
    call::{Call, Refusal, Reply, ReplyBody},
    engine::Engine,
    price::charge::{charge, charge_with_long_writes},
    protocol::encode_answer,
    provider::{UpstreamAnswer, WholeAnswer},
    request::Answer,
    routing::{
        attempt::{Buyer, Opened},
        breaker::CallOutcome,
        plan::price_of,
    },
    settings::Settings,
    store::{CacheEntry, Settlement},
};
use bytes::Bytes;
use std::sync::{Arc, atomic::Ordering};
use tokio::sync::oneshot;
use weir_contract::model::{
    cache::{CacheEntryRow, CacheSelector},
    request::{CostBasis, RequestStatus},
    usage::TokenUsage,
};

/// Everything that a purchase needs.
pub(super) struct Purchase {
    pub settings: Arc<Settings>,
    pub call: Arc<Call>,
    pub prepared: Arc<Prepared>,
    pub journal: Journal,
    /// The flight to land, when the answer may be cached.
    pub leader: Option<Leader<FlightEnd>>,
}

/// Where the client waits.
pub(super) type Waiting = oneshot::Sender<Result<Reply, Refusal>>;

/// Buys the answer and gives it to the client and to the flight.
pub(super) async fn buy(engine: &Arc<Engine>, mut purchase: Purchase, waiting: Waiting) {
    let (settings, call, prepared) = (
        purchase.settings.clone(),
        purchase.call.clone(),
        purchase.prepared.clone(),
    );
    let mut buyer = Buyer::new(engine, &settings, &call, &prepared);
    match buyer.open(&mut purchase.journal).await {
        Err(problem) => {
            let Purchase { journal, leader, .. } = purchase;
            let settlements = buyer.settlements;
            let refusal = refuse_with(engine, &call, journal, problem.clone(), |record| {
                record.settlements = settlements
            })
            .await;
            land(leader, FlightEnd::Failed(problem));
            // The client may be gone; its refusal is recorded all the same.
            let _ = waiting.send(Err(refusal));
        }
        Ok(Opened {
            candidate,
            held,
            reservation_id,
            answer,
            permit,
            charge_on_cut,
        }) => {
            let paid = Paid {
                candidate,
                held,
                reservation_id,
                permit,
                charge_on_cut,
                settlements: buyer.settlements,
            };
            match answer {
                UpstreamAnswer::Whole(answer) => finish_whole(engine, purchase, paid, answer, waiting).await,
                UpstreamAnswer::Stream(pieces) => stream::pump(engine, purchase, paid, pieces, waiting).await,
            }
        }
    }
}

/// An attempt that a provider has begun to answer, and the charges of those before it.
pub(super) struct Paid {
    pub candidate: crate::routing::plan::Candidate,
    pub held: crate::budget::purse::Held,
    pub reservation_id: String,
    pub permit: crate::routing::breaker::Permit,
    pub charge_on_cut: weir_contract::NanoUsd,
    pub settlements: Vec<Settlement>,
}

async fn finish_whole(
    engine: &Arc<Engine>,
    purchase: Purchase,
    paid: Paid,
    whole: WholeAnswer,
    waiting: Waiting,
) {
    let Purchase {
        settings,
        call,
        prepared,
        mut journal,
        leader,
    } = purchase;
    journal.first_byte();
    engine.breaker_record(&paid.candidate.model, paid.permit, CallOutcome::Success);
    let settlements = settle(engine, &settings, &mut journal, &call, paid, Some(&whole.answer));
    let body = match &whole.raw {
        Some(raw) => raw.clone(),
        None => {
            let shown = whole.answer.model.clone();
            Bytes::from(
                encode_answer(
                    call.protocol,
                    &whole.answer,
                    engine.clock.now_ms() / 1_000,
                    &shown,
                )
                .to_string(),
            )
        }
    };
    let kept = KeptAnswer {
        answer: whole.answer,
        raw: whole.raw.map(|raw| String::from_utf8_lossy(&raw).into_owned()),
        raw_stream: None,
    };
    let end = keep(engine, &settings, &call, &prepared, &mut journal, kept).await;
    if waiting.is_closed() {
        journal.row.status = RequestStatus::ClientGone;
        journal.note("answer", "the client left before the answer came", &[]);
    }
    let facts = facts_of(&journal);
    let mut record = journal.close();
    record.settlements = settlements;
    write(
        engine,
        &call,
        record,
        Some(String::from_utf8_lossy(&body).into_owned()),
    )
    .await;
    land(leader, end);
    let _ = waiting.send(Ok(Reply {
        facts,
        body: ReplyBody::Whole(body),
    }));
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
        mut settlements,
        ..
    } = paid;
    let usage = answer.and_then(|answer| answer.usage);
    let long_writes = usage.map_or(0, |usage| usage.long_cache_writes);
    // Long prompts may cost more per token, and only the usage says how long this one was.
    let price_for = |usage: &TokenUsage| {
        let tokens = u64::try_from(usage.input_total()).unwrap_or(0);
        price_of(
            settings,
            candidate.tier,
            &candidate.model,
            tokens,
            journal.row.started_ms,
        )
        .0
    };
    let (price, charged, settled) = match (usage, answer) {
        (Some(usage), _) => {
            let price = price_for(&usage.tokens);
            let charged = charge_with_long_writes(&price, &usage, long_writes);
            (price, charged, true)
        }
        (None, Some(answer)) => {
            let usage = usage_from_lengths(call.body_text.len() as u64, answer);
            let price = price_for(&usage);
            let charged = charge(&price, &usage);
            (price, charged, false)
        }
        (None, None) => (candidate.price.clone(), charge_on_cut, false),
    };
    let row = &mut journal.row;
    row.tokens = usage.unwrap_or_default().tokens;
    row.price_id.clone_from(&price.id);
    row.price_unknown = candidate.price_unknown;
    settlements.push(Settlement {
        reservation_id,
        amount_nanousd: charged,
        settled,
        leases: held.leases(),
    });
    let reserved = held.amount;
    engine.purse.settle(held, charged);
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

/// Keeps an answer where it may be kept, and says what the flight ends with.
pub(super) async fn keep(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    journal: &mut Journal,
    kept: KeptAnswer,
) -> FlightEnd {
    let now_ms = engine.clock.now_ms();
    let row = &journal.row;
    let entry_row = CacheEntryRow {
        key: prepared.cache_key.clone().unwrap_or_default(),
        label: prepared.label.clone(),
        intent: prepared.intent.clone(),
        provider: row.provider.clone(),
        model: row.model.clone(),
        tier: row.tier,
        team: call.key.team.clone(),
        created_ms: now_ms,
        expires_ms: now_ms
            + i64::try_from(prepared.ttl_seconds)
                .unwrap_or(i64::MAX / 2_000)
                .saturating_mul(1_000),
        last_hit_ms: None,
        hits: 0,
        bytes: 0,
        cost_nanousd: row.cost_nanousd,
    };
    let reason = reason_not_to_keep(call.chat.as_deref(), &kept.answer);
    if prepared.cache_key.is_none() || prepared.ttl_seconds == 0 || reason.is_some() {
        if let Some(reason) = reason {
            journal.note("store", format!("not kept: {reason}"), &[]);
        }
        let entry = CacheEntry {
            row: entry_row,
            app_version: settings.app_version.clone(),
            body: Vec::new(),
        };
        return FlightEnd::Answered(Arc::new(CachedAnswer { entry, kept }));
    }
    let body = kept.encode();
    let entry_row = CacheEntryRow {
        bytes: i64::try_from(body.len()).unwrap_or(i64::MAX),
        ..entry_row
    };
    let entry = CacheEntry {
        row: entry_row,
        app_version: settings.app_version.clone(),
        body,
    };
    let cached = Arc::new(CachedAnswer { entry, kept });
    let epoch = engine.clear_epoch.load(Ordering::Acquire);
    if let Err(problem) = engine.store.put_entry(cached.entry.clone()).await {
        engine.store_failed(&format!("an answer could not be kept: {problem}"));
        journal.note("store", "kept in memory only: the cache store failed", &[]);
    } else {
        journal.note("store", format!("kept for {} s", prepared.ttl_seconds), &[]);
    }
    engine.memory.put(cached.clone());
    if engine.clear_epoch.load(Ordering::Acquire) != epoch {
        // A clear ran while this entry was being written; it may have missed it, so the entry goes as well.
        engine
            .memory
            .forget(&CacheSelector::Entry(cached.entry.row.key.clone()));
        let _ = engine
            .store
            .clear_entries(&CacheSelector::Entry(cached.entry.row.key.clone()))
            .await;
    }
    FlightEnd::Answered(cached)
}

/// Lands the flight, if there is one.
pub(super) fn land(leader: Option<Leader<FlightEnd>>, end: FlightEnd) {
    if let Some(leader) = leader {
        leader.land(end);
    }
}
