//! The record of one request while it is being made: its row, and every decision with its time.

use crate::{
    call::Call,
    clock::Clock,
    engine::ClearsKnown,
    limit::{headers::RateHeaders, limiter::LimitHold},
    store::RequestRecord,
};
use std::sync::Arc;
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep},
        usage::TokenUsage,
    },
};

/// Collects what happens to one request.
pub struct Journal {
    clock: Arc<dyn Clock>,
    arrived_us: u64,
    pub row: RequestRow,
    pub steps: Vec<TraceStep>,
    /// The clears of the cache that it knew of when it began.
    pub(crate) clears_known: ClearsKnown,
    /// The tightest limit of each measure that the call was counted against; every answer tells of them, refusals too.
    pub rate: Vec<RateHeaders>,
    /// What the call holds of limits until it ends.
    pub holds: Vec<LimitHold>,
}

/// The stage of the note that names the caller's span, by the facts `trace_id` and `span_id`.
pub const PARENT_STAGE: &str = "parent";

impl Journal {
    /// Opens the record of a call that has just arrived.
    #[must_use]
    pub fn open(clock: Arc<dyn Clock>, request_id: String, call: &Call) -> Journal {
        let row = RequestRow {
            id: request_id,
            started_ms: clock.now_ms(),
            duration_us: 0,
            first_byte_us: 0,
            upstream_us: 0,
            endpoint: call.protocol.as_str().to_owned(),
            streamed: call.stream,
            key_id: call.key.id.clone(),
            team: call.key.team.clone(),
            user: call.wishes.user.clone(),
            session: call.wishes.session.clone(),
            event: call.wishes.event.clone(),
            tags: call.wishes.tags.clone(),
            client_ip: call.client_ip.map(|ip| ip.to_string()).unwrap_or_default(),
            intent: String::new(),
            requested_model: call.model.clone(),
            tier: None,
            provider: String::new(),
            model: String::new(),
            simulated: false,
            cache: CacheOutcome::Bypass,
            variants: Vec::new(),
            status: RequestStatus::Ok,
            http_status: 200,
            error: String::new(),
            attempts: 0,
            tokens: TokenUsage::default(),
            cost_nanousd: NanoUsd::ZERO,
            saved_nanousd: NanoUsd::ZERO,
            cost_basis: CostBasis::Free,
            price_id: String::new(),
            price_unknown: false,
        };
        let arrived_us = clock.monotonic_us();
        let mut journal = Journal {
            clock,
            arrived_us,
            row,
            steps: Vec::with_capacity(8),
            clears_known: ClearsKnown::default(),
            rate: Vec::new(),
            holds: Vec::new(),
        };
        if let Some(parent) = &call.wishes.trace_parent {
            let facts = [
                ("trace_id", parent.trace_id.clone()),
                ("span_id", parent.span_id.clone()),
            ];
            journal.note(PARENT_STAGE, "part of the caller's trace", &facts);
        }
        journal
    }

    /// Microseconds since arrival.
    #[must_use]
    pub fn elapsed_us(&self) -> i64 {
        i64::try_from(self.clock.monotonic_us().saturating_sub(self.arrived_us)).unwrap_or(i64::MAX)
    }

    /// Notes a decision.
    pub fn note(&mut self, stage: &str, decision: impl Into<String>, facts: &[(&str, String)]) {
        self.steps.push(TraceStep {
            at_us: self.elapsed_us(),
            stage: stage.to_owned(),
            decision: decision.into(),
            facts: facts
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        });
    }

    /// Marks the first byte of the answer, once.
    pub fn first_byte(&mut self) {
        if self.row.first_byte_us == 0 {
            self.row.first_byte_us = self.elapsed_us().max(1);
        }
    }

    /// Closes the record; the caller adds settlements and bodies.
    #[must_use]
    pub fn close(mut self) -> RequestRecord {
        self.row.duration_us = self.elapsed_us();
        if self.row.first_byte_us == 0 {
            self.row.first_byte_us = self.row.duration_us;
        }
        // What was not settled may have been used in full, as was estimated.
        let tokens = match self.row.cost_basis {
            CostBasis::Free => Some(0),
            CostBasis::Settled => Some(self.row.tokens.total()),
            CostBasis::Unsettled => None,
        };
        for hold in self.holds.drain(..) {
            hold.end(tokens, Some(self.row.cost_nanousd.0));
        }
        RequestRecord {
            row: self.row,
            trace: self.steps,
            request_body: None,
            response_body: None,
            settlements: Vec::new(),
            hit_key: None,
        }
    }
}
