//! Requests, reservations and entries to test with, drawn from a seed that a failing test prints.

use std::ops::{Deref, DerefMut};
use weir_contract::{
    NanoUsd,
    model::{
        cache::CacheEntryRow,
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus, TraceStep},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::{
    budget::period::CountedStarts,
    change::Act,
    store::{CacheEntry, LeaseKey, LeaseRequest, OpenReservation, RequestRecord, Settlement},
};

/// 2026-01-01 00:00 UTC.
pub(crate) const START_MS: i64 = 1_767_225_600_000;

/// Draws requests and what belongs to them.
pub(crate) struct Draw(support::draw::Draw);

impl Deref for Draw {
    type Target = support::draw::Draw;

    fn deref(&self) -> &support::draw::Draw {
        &self.0
    }
}

impl DerefMut for Draw {
    fn deref_mut(&mut self) -> &mut support::draw::Draw {
        &mut self.0
    }
}

impl Draw {
    /// From `WEIR_TEST_SEED`, or else from the time; prints which.
    pub(crate) fn seeded(test: &str) -> Draw {
        Draw(support::draw::Draw::seeded(test))
    }
    pub(crate) fn from(seed: u64) -> Draw {
        Draw(support::draw::Draw::from(seed))
    }
    /// A UUID of version 7 with this time.
    pub(crate) fn id(&mut self, at_ms: i64) -> String {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.number().to_le_bytes());
        uuid::Builder::from_unix_timestamp_millis(at_ms as u64, &random)
            .into_uuid()
            .to_string()
    }

    /// A request with every field drawn.
    pub(crate) fn row(&mut self, at_ms: i64) -> RequestRow {
        let status = *self.one(&RequestStatus::ALL);
        let cache = *self.one(&[
            CacheOutcome::Response,
            CacheOutcome::Semantic,
            CacheOutcome::Miss,
            CacheOutcome::Bypass,
        ]);
        let basis = *self.one(&[CostBasis::Settled, CostBasis::Unsettled, CostBasis::Free]);
        let duration_us = self.between(0, 5_000_000);
        let cost = if basis == CostBasis::Free {
            0
        } else {
            self.between(0, 50_000_000)
        };
        RequestRow {
            id: self.id(at_ms),
            started_ms: at_ms,
            duration_us,
            first_byte_us: duration_us / 2,
            upstream_us: duration_us / 3,
            endpoint: (*self.one(&["chat_completions", "messages", "embeddings"])).to_owned(),
            streamed: self.chance(50),
            key_id: (*self.one(&["", "key-a", "key-b"])).to_owned(),
            team: (*self.one(&["", "red"])).to_owned(),
            user: (*self.one(&["", "ada", "bob", "o'neil \"x\" %_"])).to_owned(),
            session: "s1".to_owned(),
            event: String::new(),
            tags: if self.chance(50) {
                vec![]
            } else {
                vec!["a".to_owned(), "b\"c\u{1F600}".to_owned()]
            },
            client_ip: "127.0.0.1".to_owned(),
            intent: (*self.one(&["", "task", "expense"])).to_owned(),
            requested_model: "auto".to_owned(),
            tier: *self.one(&[
                None,
                Some(Tier::T0),
                Some(Tier::T1),
                Some(Tier::T2),
                Some(Tier::T3),
            ]),
            provider: (*self.one(&["", "openai", "anthropic"])).to_owned(),
            model: (*self.one(&["", "small", "large"])).to_owned(),
            simulated: self.chance(20),
            cache,
            variants: match self.number() % 3 {
                0 => vec![],
                1 => vec!["ladder=new".to_owned()],
                _ => vec!["ladder=old".to_owned(), "prompt=new".to_owned()],
            },
            status,
            http_status: if status == RequestStatus::Ok { 200 } else { 502 },
            error: if status == RequestStatus::Ok {
                String::new()
            } else {
                "upstream".to_owned()
            },
            attempts: self.between(0, 4) as u32,
            tokens: TokenUsage {
                input: self.between(0, 5000),
                cache_read: self.between(0, 500),
                cache_write: self.between(0, 500),
                output: self.between(0, 2000),
                reasoning: self.between(0, 2000),
            },
            cost_nanousd: NanoUsd(cost),
            saved_nanousd: NanoUsd(if cache.is_hit() {
                self.between(0, 1_000_000)
            } else {
                0
            }),
            cost_basis: basis,
            price_id: "2026-01-01/small".to_owned(),
            price_unknown: self.chance(10),
        }
    }
}

/// A row without trace, bodies or charges.
pub(crate) fn bare(row: RequestRow) -> RequestRecord {
    RequestRecord {
        row,
        trace: vec![],
        request_body: None,
        response_body: None,
        settlements: vec![],
        hit_key: None,
    }
}

/// A trace of two steps with text that must survive.
pub(crate) fn trace() -> Vec<TraceStep> {
    let step = |at_us, stage: &str, decision: &str| TraceStep {
        at_us,
        stage: stage.to_owned(),
        decision: decision.to_owned(),
        facts: vec![("why".to_owned(), "it says \"so\"\n\u{0} \u{1F9ED}".to_owned())],
    };
    vec![
        step(10, "intent", "task, by a phrase"),
        step(900, "route", "T0 is enough"),
    ]
}

pub(crate) fn lease(cap: &str, lease_id: &str) -> LeaseKey {
    LeaseKey {
        cap: cap.to_owned(),
        period_start_ms: START_MS,
        lease_id: lease_id.to_owned(),
    }
}

pub(crate) fn wish(key: &LeaseKey, gateway: &str, limit: i64, need: i64, want: i64) -> LeaseRequest {
    LeaseRequest {
        key: key.clone(),
        gateway_id: gateway.to_owned(),
        limit_nanousd: NanoUsd(limit),
        need_nanousd: NanoUsd(need),
        want_nanousd: NanoUsd(want),
        now_ms: START_MS,
        counted: CountedStarts::only(key.period_start_ms),
    }
}

/// The first attempt's reservation of a request.
pub(crate) fn reservation(
    row: &RequestRow,
    gateway: &str,
    amount: i64,
    leases: &[LeaseKey],
) -> OpenReservation {
    OpenReservation {
        id: format!("{}-1", row.id),
        gateway_id: gateway.to_owned(),
        amount_nanousd: NanoUsd(amount),
        hard_bound_nanousd: NanoUsd(amount),
        leases: leases.iter().cloned().map(Into::into).collect(),
        opened_ms: row.started_ms,
        row: row.clone(),
    }
}

/// The record that settles it.
pub(crate) fn settled(reservation: &OpenReservation, amount: i64, settled: bool) -> RequestRecord {
    let mut row = reservation.row.clone();
    row.cost_nanousd = NanoUsd(amount);
    row.cost_basis = if settled {
        CostBasis::Settled
    } else {
        CostBasis::Unsettled
    };
    let settlement = Settlement {
        reservation_id: reservation.id.clone(),
        amount_nanousd: NanoUsd(amount),
        settled,
        leases: reservation.leases.iter().map(|lease| lease.key.clone()).collect(),
    };
    RequestRecord {
        settlements: vec![settlement],
        ..bare(row)
    }
}

pub(crate) fn entry(key: &str, created_ms: i64) -> CacheEntry {
    CacheEntry {
        row: CacheEntryRow {
            key: key.to_owned(),
            label: format!("label of {key}"),
            intent: "task".to_owned(),
            provider: "openai".to_owned(),
            model: "small".to_owned(),
            tier: Some(Tier::T1),
            team: String::new(),
            created_ms,
            expires_ms: created_ms + 3_600_000,
            last_hit_ms: None,
            hits: 0,
            bytes: 7,
            cost_nanousd: NanoUsd(1000),
        },
        app_version: "1".to_owned(),
        tenant: String::new(),
        body: vec![0, 255, 7],
    }
}

/// Somebody who acts at this time.
pub(crate) fn act_of(user: &str, now_ms: i64) -> Act {
    let mut act = Act::of_weir("test", now_ms);
    act.actor.user = user.to_owned();
    act
}
