//! How a request ends: the problem it met, and the row that says so.

use super::journal::Journal;
use crate::{
    cache::entry::CachedAnswer,
    call::{Call, Refusal, RefusalCode, ReplyFacts},
    engine::{Engine, reservations_of},
    store::{RequestRecord, StoreError},
};
use bytes::Bytes;
use std::sync::Arc;
use weir_contract::model::request::RequestStatus;

/// What stands between a call and its answer.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: RefusalCode,
    pub message: String,
    pub retry_after_seconds: Option<u64>,
    /// Instead of the code's own status.
    pub status: Option<u16>,
    /// The provider's own error body, in the client's protocol.
    pub raw: Option<Bytes>,
}

/// What a flight of identical calls ends with.
pub enum FlightEnd {
    Answered(Arc<CachedAnswer>),
    Failed(Problem),
}

impl Problem {
    /// A problem with nothing but its sentence.
    #[must_use]
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Problem {
        Problem {
            code,
            message: message.into(),
            retry_after_seconds: None,
            status: None,
            raw: None,
        }
    }
    /// The refusal of a request that has no record.
    #[must_use]
    pub fn bare(self) -> Refusal {
        self.into_refusal(ReplyFacts::default())
    }
    fn status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.code.status())
    }
    fn into_refusal(self, facts: ReplyFacts) -> Refusal {
        let status = self.status();
        Refusal {
            facts,
            status,
            code: self.code,
            message: self.message,
            retry_after_seconds: self.retry_after_seconds,
            raw: self.raw,
        }
    }
}

/// Records a request that met a problem before anything was bought.
pub(super) async fn refuse(engine: &Engine, call: &Call, journal: Journal, problem: Problem) -> Refusal {
    refuse_with(engine, call, journal, problem, |_| {}).await
}

/// The same, with charges of failed attempts put into the record by `complete`.
pub(super) async fn refuse_with(
    engine: &Engine,
    call: &Call,
    mut journal: Journal,
    problem: Problem,
    complete: impl FnOnce(&mut RequestRecord),
) -> Refusal {
    journal.row.status = if problem.code.is_refusal() {
        RequestStatus::Refused
    } else {
        RequestStatus::Failed
    };
    journal.row.http_status = problem.status();
    journal.row.error = problem.code.as_str().to_owned();
    journal.note(
        "answer",
        format!("refused with {}: {}", problem.status(), problem.message),
        &[],
    );
    let facts = facts_of(&journal);
    let mut record = journal.close();
    complete(&mut record);
    write(engine, call, record, None).await;
    problem.into_refusal(facts)
}

/// Writes a finished request. A store that fails does not take the answer from the client: it is counted and logged, and
/// the request waits on this machine's disk and is written later, without its bodies.
pub(super) async fn write(
    engine: &Engine,
    call: &Call,
    mut record: RequestRecord,
    response_body: Option<String>,
) {
    let without_bodies = record.clone();
    if engine.settings().keep_bodies {
        record.request_body = Some(String::from_utf8_lossy(&call.body_text).into_owned());
        record.response_body = response_body;
    }
    engine.finished(&record);
    let id = record.row.id.clone();
    let ended = reservations_of(&record);
    if let Err(problem) = engine.store.record(record).await {
        engine.store_failed(&format!("request {id} could not be recorded: {problem}"));
        if matches!(problem, StoreError::Unavailable(_)) {
            engine.record_later(without_bodies).await;
        }
    } else {
        engine.store_works();
        engine.free(&ended);
        engine.changed();
    }
}

/// What the answer's headers will say.
#[must_use]
pub(super) fn facts_of(journal: &Journal) -> ReplyFacts {
    let row = &journal.row;
    ReplyFacts {
        request_id: row.id.clone(),
        cache: Some(row.cache),
        tier: row.tier,
        provider: row.provider.clone(),
        model: row.model.clone(),
        intent: row.intent.clone(),
        cost_nanousd: Some(row.cost_nanousd),
        saved_nanousd: row.saved_nanousd,
        attempts: row.attempts,
        simulated: row.simulated,
        rate: journal.rate.clone(),
    }
}
