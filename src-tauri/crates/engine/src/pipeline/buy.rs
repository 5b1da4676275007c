//! Buying an answer: reserve, route, call, settle, keep, record. Runs to its end whether or not the client still listens.

use super::{
    journal::Journal,
    keep::{Keeping, keep},
    outcome::{FlightEnd, facts_of, refuse_with, write},
    prepare::Prepared,
    semantic::{Asked, Bought, learn},
    settle::{Paid, settle},
    stream,
};
use crate::{
    cache::{entry::KeptAnswer, flight::Leader},
    call::{Call, Refusal, Reply, ReplyBody},
    engine::Engine,
    limit::limiter::LimitHold,
    protocol::encode_answer,
    provider::{UpstreamAnswer, WholeAnswer},
    request::Answer,
    routing::{
        attempt::{Buyer, Opened},
        breaker::CallOutcome,
    },
    settings::Settings,
};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::oneshot;
use weir_contract::model::request::RequestStatus;

/// Everything that a purchase needs.
pub(super) struct Purchase {
    pub settings: Arc<Settings>,
    pub call: Arc<Call>,
    pub prepared: Arc<Prepared>,
    pub journal: Journal,
    /// The flight to land, when the answer may be cached.
    pub leader: Option<Leader<FlightEnd>>,
    /// What the semantic cache found, to be learned from.
    pub asked: Option<Asked>,
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
    purchase.journal.holds.iter_mut().for_each(LimitHold::bought);
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
            bound,
        }) => {
            let paid = Paid {
                candidate,
                held,
                reservation_id,
                permit,
                charge_on_cut,
                bound,
                settlements: buyer.settlements,
            };
            match answer {
                UpstreamAnswer::Whole(answer) => finish_whole(engine, purchase, paid, answer, waiting).await,
                UpstreamAnswer::Stream(pieces) => stream::pump(engine, purchase, paid, pieces, waiting).await,
            }
        }
    }
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
        asked,
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
    let kept_answer = kept.answer.clone();
    let keeping = keep(engine, &settings, &call, &prepared, &mut journal, kept);
    if waiting.is_closed() {
        journal.row.status = RequestStatus::ClientGone;
        journal.note("answer", "the client left before the answer came", &[]);
    }
    let lesson = asked.map(|asked| (asked, bought(&keeping, &kept_answer, &journal)));
    let facts = facts_of(&journal);
    let mut record = journal.close();
    record.settlements = settlements;
    let shown = Some(String::from_utf8_lossy(&body).into_owned());
    tokio::join!(keeping.store(engine, &call), write(engine, &call, record, shown));
    teach(engine, lesson);
    land(leader, keeping.end);
    let _ = waiting.send(Ok(Reply {
        facts,
        body: ReplyBody::Whole(body),
    }));
}

/// What a purchase teaches.
pub(super) fn bought(keeping: &Keeping, answer: &Answer, journal: &Journal) -> Bought {
    Bought {
        answer: answer.clone(),
        cost_nanousd: journal.row.cost_nanousd,
        kept: keeping.stored_as(),
    }
}

/// Learns in a task of its own, so that neither the client nor those of the same flight wait for it.
pub(super) fn teach(engine: &Arc<Engine>, lesson: Option<(Asked, Bought)>) {
    if let Some((asked, bought)) = lesson {
        engine.tasks.spawn(learn(engine.clone(), asked, bought));
    }
}

/// Lands the flight, if there is one.
pub(super) fn land(leader: Option<Leader<FlightEnd>>, end: FlightEnd) {
    if let Some(leader) = leader {
        leader.land(end);
    }
}
