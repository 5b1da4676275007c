//! Passing a stream on while it comes, and ending it honestly: complete, cut with an error event, or read on without the client.

use super::{
    buy::{Purchase, Waiting, bought, land, teach},
    keep::keep,
    outcome::{FlightEnd, Problem, facts_of, write},
    settle::{Paid, settle},
};
use crate::{
    cache::{entry::KeptAnswer, key::keeps_its_form},
    call::{RefusalCode, Reply, ReplyBody, ReplyFacts, StreamItem},
    engine::Engine,
    protocol::{AnswerCollector, StreamEncoder},
    provider::{StreamPiece, UpstreamError, UpstreamErrorKind, failure::broken_off},
    request::Answer,
    routing::breaker::CallOutcome,
    settings::Settings,
};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use weir_contract::model::request::RequestStatus;

/// Events that may wait for a slow client before the provider is slowed down too.
const EVENTS_AHEAD: usize = 64;

type Pieces = BoxStream<'static, Result<StreamPiece, UpstreamError>>;

/// How a stream ended.
enum End {
    /// With its terminal event, which is held back until the record is durable.
    Complete(Bytes, Box<Answer>),
    Cut(UpstreamError),
    /// The client left and the provider did not finish in the time allowed.
    Abandoned,
}

struct Passage {
    collector: AnswerCollector,
    encoder: StreamEncoder,
    client: mpsc::Sender<StreamItem>,
    /// A client that takes nothing for so long has left, even if its connection stands.
    patience: Duration,
    client_gone_since: Option<Instant>,
    /// True when the provider's own events go to the client untouched; a piece without one is then not for the client.
    own_protocol: bool,
    /// The provider's own events, kept only for answers that no other form can carry.
    verbatim: Option<Vec<u8>>,
}

impl Passage {
    /// False when the client has left, or takes nothing.
    async fn send(&self, item: StreamItem) -> bool {
        matches!(timeout(self.patience, self.client.send(item)).await, Ok(Ok(())))
    }

    /// Ends the stream for a client who has had everything before. For any other the connection breaks off, since an
    /// end after a gap would pass for a whole answer.
    async fn end(&self, last: Bytes) {
        if self.client_gone_since.is_none() {
            self.send(StreamItem::Last(last)).await;
        }
    }
}

/// Passes the stream on, then settles, keeps and records.
pub(super) async fn pump(
    engine: &Arc<Engine>,
    purchase: Purchase,
    paid: Paid,
    mut pieces: Pieces,
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
    let (client, receiver) = mpsc::channel(EVENTS_AHEAD);
    let facts = ReplyFacts {
        cost_nanousd: None,
        ..facts_of(&journal)
    };
    let gone = waiting
        .send(Ok(Reply {
            facts,
            body: ReplyBody::Stream(receiver),
        }))
        .is_err();
    let usage_wanted = call.chat.as_deref().is_some_and(|chat| chat.stream_usage);
    let encoder = StreamEncoder::new(
        call.protocol,
        &journal.row.id,
        &journal.row.model,
        engine.clock.now_ms() / 1_000,
        usage_wanted,
    );
    let own_protocol = settings
        .providers
        .get(&paid.candidate.model.provider)
        .is_some_and(|provider| provider.adapter.speaks(call.protocol));
    let mut passage = Passage {
        collector: AnswerCollector::default(),
        encoder,
        own_protocol,
        client,
        client_gone_since: gone.then(Instant::now),
        verbatim: call
            .chat
            .as_deref()
            .is_some_and(|chat| keeps_its_form(chat, &call.body))
            .then(Vec::new),
        patience: settings.timeouts.read_on,
    };
    let started_us = journal.elapsed_us();
    let end = pass_on(&mut passage, &mut pieces, settings.timeouts.read_on).await;
    journal.row.upstream_us += journal.elapsed_us() - started_us;
    if passage.client_gone_since.is_some() {
        journal.row.status = RequestStatus::ClientGone;
        journal.note(
            "answer",
            "the client left before the end; the provider was read on for its usage",
            &[],
        );
    }
    let outcome = match &end {
        End::Complete(..) => CallOutcome::Success,
        End::Cut(problem) if problem.kind == UpstreamErrorKind::Timeout => CallOutcome::Timeout,
        End::Cut(_) => CallOutcome::Truncated,
        End::Abandoned => CallOutcome::Neutral,
    };
    engine.breaker_record(&paid.candidate.model, paid.permit, outcome);
    match end {
        End::Complete(last, answer) => {
            let settlements = settle(engine, &settings, &mut journal, &call, paid, Some(&answer));
            let raw_stream = passage
                .verbatim
                .take()
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let kept = KeptAnswer {
                answer: *answer,
                raw: None,
                raw_stream,
            };
            let body_text = serde_json::to_string(&kept.answer).ok();
            let answer = kept.answer.clone();
            let keeping = keep(engine, &settings, &call, &prepared, &mut journal, kept);
            let lesson = asked.map(|asked| (asked, bought(&keeping, &answer, &journal)));
            let cost = journal.row.cost_nanousd.to_decimal();
            let mut record = journal.close();
            record.settlements = settlements;
            tokio::join!(
                keeping.store(engine, &call),
                write(engine, &call, record, body_text)
            );
            teach(engine, lesson);
            land(leader, keeping.end);
            // Headers went out before the cost was known, so it follows as a comment that clients skip.
            let mut ending = format!(": x-weir-cost-usd {cost}\n\n").into_bytes();
            ending.extend_from_slice(&last);
            passage.end(Bytes::from(ending)).await;
        }
        End::Cut(problem) => {
            let message = format!(
                "the answer broke off: {}; it is incomplete, repeat the call",
                problem.message
            );
            finish_cut(
                engine,
                &settings,
                &call,
                journal,
                paid,
                &problem.message,
                RequestStatus::Cut,
            )
            .await;
            land(
                leader,
                FlightEnd::Failed(Problem::new(RefusalCode::ProviderFailed, message.clone())),
            );
            let event = passage.encoder.error("provider_failed", &message);
            passage.end(event).await;
        }
        End::Abandoned => {
            finish_cut(
                engine,
                &settings,
                &call,
                journal,
                paid,
                "the client left and the provider went on",
                RequestStatus::ClientGone,
            )
            .await;
            // Those who wait for the same answer are still there: one of them buys it anew.
            drop(leader);
        }
    }
}

/// Reads the provider to its end and gives the client what it can take.
async fn pass_on(passage: &mut Passage, pieces: &mut Pieces, read_on: Duration) -> End {
    loop {
        let next = match passage.client_gone_since {
            None => pieces.next().await,
            Some(since) => match tokio::time::timeout_at(since + read_on, pieces.next()).await {
                Ok(next) => next,
                Err(_) => return End::Abandoned,
            },
        };
        let piece = match next {
            Some(Ok(piece)) => piece,
            Some(Err(problem)) => return End::Cut(problem),
            None => return End::Cut(broken_off("the stream ended without its last event")),
        };
        let mut events = Vec::new();
        for delta in &piece.deltas {
            passage.collector.push(delta);
            if !passage.own_protocol {
                events.extend_from_slice(&passage.encoder.push(delta));
            }
        }
        if let Some(raw) = &piece.raw {
            events.extend_from_slice(raw);
        }
        if piece.done && !passage.own_protocol {
            events.extend_from_slice(&passage.encoder.finish());
        }
        if let Some(verbatim) = &mut passage.verbatim {
            verbatim.extend_from_slice(&events);
        }
        if piece.done {
            let answer = std::mem::take(&mut passage.collector).finish();
            return match answer {
                Some(answer) => End::Complete(Bytes::from(events), Box::new(answer)),
                None => End::Cut(broken_off(
                    "the stream ended without saying why the model stopped",
                )),
            };
        }
        if !events.is_empty()
            && passage.client_gone_since.is_none()
            && !passage.send(StreamItem::Events(Bytes::from(events))).await
        {
            passage.client_gone_since = Some(Instant::now());
        }
    }
}

async fn finish_cut(
    engine: &Engine,
    settings: &Settings,
    call: &crate::call::Call,
    mut journal: super::journal::Journal,
    paid: Paid,
    why: &str,
    status: RequestStatus,
) {
    journal.row.status = status;
    journal.row.error = "stream_cut".to_owned();
    let settlements = settle(engine, settings, &mut journal, call, paid, None);
    journal.note("answer", format!("ended early: {why}"), &[]);
    let mut record = journal.close();
    record.settlements = settlements;
    write(engine, call, record, None).await;
}
