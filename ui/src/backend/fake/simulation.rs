//! Tries a draft limit on the fake's made-up requests of the last day.

use super::{
    request::{GAP_MS, row},
    shelf::Shelf,
};
use std::collections::{BTreeMap, VecDeque};
use weir_contract::model::{
    gateway::ProfileKind,
    limit::{Limit, LimitMeasure, LimitSimulation, LimitSubject, SimulatedCaller, SimulatedHour},
    request::RequestRow,
};

const HOUR_MS: i64 = 3_600_000;

#[derive(Default)]
struct Caller {
    log: VecDeque<(i64, i64)>,
    told: SimulatedCaller,
}

pub(super) fn simulate(shelf: &Shelf, limit: &Limit) -> LimitSimulation {
    let from_ms = shelf.now_ms - 24 * HOUR_MS;
    let mut told = LimitSimulation {
        from_ms,
        to_ms: shelf.now_ms,
        took_us: 41_000,
        ..LimitSimulation::default()
    };
    if shelf.profile != Some(ProfileKind::Sample) {
        return told;
    }
    let mut callers: BTreeMap<String, Caller> = BTreeMap::new();
    let mut hours: BTreeMap<i64, SimulatedHour> = BTreeMap::new();
    for slot in from_ms / GAP_MS..shelf.now_ms / GAP_MS {
        let row = row(slot);
        let name = name_of(limit.subject, &row);
        if name.is_empty() {
            continue;
        }
        let at_ms = row.started_ms;
        let hour_ms = at_ms - at_ms.rem_euclid(HOUR_MS);
        let hour = hours.entry(hour_ms).or_default();
        hour.at_ms = hour_ms;
        hour.requests += 1;
        told.requests += 1;
        if !callers.entry(name).or_default().passes(limit, &row) {
            hour.refused += 1;
            told.refused += 1;
        }
    }
    told.callers = callers.len() as u64;
    told.by_hour = hours.into_values().collect();
    told.worst = callers
        .into_iter()
        .map(|(caller, one)| SimulatedCaller { caller, ..one.told })
        .filter(|caller| caller.refused > 0)
        .collect();
    told.callers_refused = told.worst.len() as u64;
    told.worst.sort_by_key(|caller| std::cmp::Reverse(caller.refused));
    told.worst.truncate(20);
    told
}

fn name_of(subject: LimitSubject, row: &RequestRow) -> String {
    match subject {
        LimitSubject::Key => row.key_id.clone(),
        LimitSubject::User => row.user.clone(),
        LimitSubject::Ip => row.client_ip.clone(),
        LimitSubject::Event => row.event.clone(),
        LimitSubject::Intent => row.intent.clone(),
        LimitSubject::Everyone => "everyone".to_owned(),
    }
}

impl Caller {
    fn passes(&mut self, limit: &Limit, row: &RequestRow) -> bool {
        let at_ms = row.started_ms;
        let (amount, window_ms) = match limit.measure {
            LimitMeasure::Requests => (1, i64::from(limit.window_seconds) * 1_000),
            LimitMeasure::Tokens => (row.tokens.total(), i64::from(limit.window_seconds) * 1_000),
            LimitMeasure::Dollars => (row.cost_nanousd.0, i64::from(limit.window_seconds) * 1_000),
            LimitMeasure::Concurrent => (1, row.duration_us / 1_000),
        };
        while self
            .log
            .front()
            .is_some_and(|(used_ms, _)| at_ms - used_ms > window_ms)
        {
            self.log.pop_front();
        }
        self.told.requests += 1;
        let used: i64 = self.log.iter().map(|(_, amount)| amount).sum();
        let fits = used + amount <= limit.most;
        if fits {
            self.log.push_back((at_ms, amount));
            return true;
        }
        if self.told.refused == 0 {
            self.told.first_ms = at_ms;
        }
        self.told.refused += 1;
        self.told.last_ms = at_ms;
        false
    }
}
