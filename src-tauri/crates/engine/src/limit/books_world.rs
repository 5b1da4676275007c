//! A world for the limit's model: one store, several gateways with clocks of their own, and a true time that none of them sees.

use super::{
    account::{Account, DEAD_AFTER_MS, reclaim, settle, store_time},
    books::{Books, Held, Look, Verdict},
    subject::{Caller, Weight},
};
use crate::{
    budget::fence::Moment,
    store::{LimitExchange, LimitReply},
};
use std::collections::BTreeMap;
use weir_contract::model::limit::{EndpointClass, Limit, LimitMeasure, LimitSubject};

pub(super) const CALLERS: [&str; 3] = ["ann", "bob", "cy"];

pub(super) fn limit(measure: LimitMeasure, most: i64, window_seconds: u32) -> Limit {
    Limit {
        name: "l".into(),
        subject: LimitSubject::User,
        measure,
        endpoint_class: EndpointClass::ModelCalls,
        most,
        window_seconds,
        enabled: true,
        shadow: false,
    }
}

/// What a store does with exchanges, as `store-sqlite` does it.
#[derive(Default)]
pub(super) struct ModelStore {
    accounts: BTreeMap<(String, String), Account>,
    holders: BTreeMap<String, (i64, i64)>,
    time_ms: i64,
}

impl ModelStore {
    fn exchange(&mut self, exchange: &LimitExchange) -> LimitReply {
        self.time_ms = store_time(self.time_ms, exchange.known_ms);
        let lost = !self.holders.contains_key(&exchange.holder);
        self.holders
            .insert(exchange.holder.clone(), (exchange.seq, self.time_ms));
        let answers = exchange.entries.iter().map(|entry| {
            let account = self
                .accounts
                .entry((entry.pool.clone(), entry.caller.clone()))
                .or_default();
            settle(account, &exchange.holder, entry, lost, self.time_ms)
        });
        let answers = answers.collect();
        LimitReply {
            store_ms: self.time_ms,
            lost,
            holders: self.holders.len() as u32,
            answers,
        }
    }

    fn reclaim(&mut self, known_ms: i64) {
        self.time_ms = store_time(self.time_ms, known_ms);
        let time_ms = self.time_ms;
        let dead: Vec<String> = self
            .holders
            .iter()
            .filter(|(_, (_, heard_ms))| heard_ms + DEAD_AFTER_MS <= time_ms)
            .map(|(holder, _)| holder.clone())
            .collect();
        for holder in dead {
            self.holders.remove(&holder);
            for account in self.accounts.values_mut() {
                reclaim(account, &holder, time_ms);
            }
        }
    }
}

struct Gateway {
    books: Books,
    /// Added to the true time on its monotonic clock, and on its wall clock.
    monotonic_from_us: u64,
    wall_off_ms: i64,
    runs: u32,
    reported_us: u64,
    held: Vec<(u64, Held)>,
}

/// See the module's words.
pub(super) struct World {
    pub(super) now_us: u64,
    pub(super) store: ModelStore,
    pub(super) store_away: bool,
    limits: Vec<Limit>,
    gateways: Vec<Gateway>,
    latencies: Latencies,
    /// By caller: when it was admitted, in true time, and how much.
    pub(super) admitted: Vec<Vec<(u64, i64)>>,
}

/// Some numbers to draw latencies from.
struct Latencies {
    of_us: Vec<u64>,
    turn: usize,
}

impl Latencies {
    fn next(&mut self) -> u64 {
        self.turn += 1;
        self.of_us[self.turn % self.of_us.len()]
    }
}

impl World {
    pub(super) fn new(gateways: usize, skews_ms: &[i64], latencies_us: &[u64], limits: &[Limit]) -> World {
        let gateways = (0..gateways).map(|number| Gateway {
            books: Books::new(&format!("g{number}-0"), limits),
            monotonic_from_us: number as u64 * 987_654_321,
            wall_off_ms: skews_ms[number % skews_ms.len()],
            runs: 0,
            reported_us: 0,
            held: Vec::new(),
        });
        World {
            now_us: 1_000_000_000,
            store: ModelStore::default(),
            store_away: false,
            limits: limits.to_vec(),
            gateways: gateways.collect(),
            latencies: Latencies {
                of_us: latencies_us.to_vec(),
                turn: 0,
            },
            admitted: vec![Vec::new(); CALLERS.len()],
        }
    }

    fn moment(&self, gateway: usize) -> Moment {
        let clock = &self.gateways[gateway];
        Moment {
            wall_ms: (self.now_us / 1_000).cast_signed() + clock.wall_off_ms,
            monotonic_us: self.now_us + clock.monotonic_from_us,
        }
    }

    /// Lets time pass; every gateway reports each second, when it gets to.
    pub(super) fn pass(&mut self, passed_us: u64) {
        self.now_us += passed_us;
        for gateway in 0..self.gateways.len() {
            let ended: Vec<Held> = {
                let now_us = self.now_us;
                let held = &mut self.gateways[gateway].held;
                let (ended, kept) = std::mem::take(held)
                    .into_iter()
                    .partition(|(ends_us, _)| *ends_us <= now_us);
                *held = kept;
                let ended: Vec<(u64, Held)> = ended;
                ended.into_iter().map(|(_, held)| held).collect()
            };
            for held in ended {
                let amount = held.amount();
                self.gateways[gateway].books.finish(&held, amount);
            }
            if self.now_us - self.gateways[gateway].reported_us >= 1_000_000 {
                self.report(gateway);
            }
        }
    }

    fn report(&mut self, gateway: usize) {
        self.gateways[gateway].reported_us = self.now_us;
        let now = self.moment(gateway);
        if let Some(sent) = self.gateways[gateway].books.exchange_for_all(now) {
            self.exchange(gateway, &sent, false);
        }
        let now = self.moment(gateway);
        if !self.store_away && self.gateways[gateway].books.may_reclaim(now) {
            let known_ms = self.gateways[gateway].books.known_ms(now);
            self.store.reclaim(known_ms);
        }
    }

    /// To the store and back, each way as long as it takes; `is_cut` loses the answer on its way back.
    fn exchange(&mut self, gateway: usize, sent: &super::books::Sent, is_cut: bool) {
        self.now_us += self.latencies.next();
        if self.store_away {
            return self.gateways[gateway].books.unanswered(sent);
        }
        let reply = self.store.exchange(&sent.exchange);
        self.now_us += self.latencies.next();
        if is_cut {
            return self.gateways[gateway].books.unanswered(sent);
        }
        let now = self.moment(gateway);
        self.gateways[gateway].books.answered(sent, &reply, now);
    }

    /// One request; the milliseconds to wait when it is refused.
    pub(super) fn ask(
        &mut self,
        gateway: usize,
        caller: usize,
        amount: i64,
        lasts_us: u64,
        is_cut: bool,
    ) -> Asked {
        let who = Caller {
            user: CALLERS[caller],
            ..Caller::default()
        };
        let weight = Weight {
            requests: Some(1),
            concurrent: Some(1),
            tokens: Some(amount),
            nanousd: None,
        };
        // No two requests come at the same microsecond, so that what is heard is clearly before or after.
        self.now_us += 1;
        let arrived_us = self.moment(gateway).monotonic_us;
        for turn in 1..=6 {
            let look = if turn == 6 { Look::Last } else { Look::First };
            let now = self.moment(gateway);
            match self.gateways[gateway]
                .books
                .admit(&who, &weight, arrived_us, now, look)
            {
                Verdict::Admitted { held, .. } => {
                    let counts = match held.first() {
                        Some(held) => held.amount(),
                        None => 1,
                    };
                    self.admitted[caller].push((self.now_us, counts));
                    let ends_us = self.now_us + lasts_us;
                    self.gateways[gateway]
                        .held
                        .extend(held.into_iter().map(|held| (ends_us, held)));
                    return Asked::In;
                }
                Verdict::Refused(refusal) => return Asked::Out(refusal.retry_after_ms),
                Verdict::Ask => {
                    let sent = self.gateways[gateway].books.exchange_for_waiting(now);
                    self.exchange(gateway, &sent, is_cut && turn == 1);
                }
            }
        }
        Asked::Out(None)
    }

    /// Ends the process and starts it anew; what it knew is gone.
    pub(super) fn crash(&mut self, gateway: usize) {
        let runs = self.gateways[gateway].runs + 1;
        let limits = self.limits.clone();
        let one = &mut self.gateways[gateway];
        one.runs = runs;
        one.held.clear();
        one.books = Books::new(&format!("g{gateway}-{runs}"), &limits);
        one.monotonic_from_us += 77_777;
    }

    pub(super) fn set_wall(&mut self, gateway: usize, off_ms: i64) {
        self.gateways[gateway].wall_off_ms = off_ms;
    }

    /// The new limits reach the gateways one by one.
    pub(super) fn edit(&mut self, limits: &[Limit]) {
        self.limits = limits.to_vec();
        for gateway in &mut self.gateways {
            gateway.books.set_limits(limits);
        }
    }

    /// The most that any caller was given in any window of so many seconds, closed at both ends.
    pub(super) fn most_in_any_window(&self, window_seconds: u32) -> i64 {
        let window_us = u64::from(window_seconds) * 1_000_000;
        self.admitted
            .iter()
            .map(|admitted| most_in_any_window(admitted, window_us))
            .max()
            .unwrap_or(0)
    }

    /// Calls of the caller that are under way, over all gateways.
    pub(super) fn under_way(&self) -> i64 {
        self.gateways
            .iter()
            .map(|gateway| gateway.held.len() as i64)
            .sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    In,
    Out(Option<i64>),
}

/// The sliding checker. The times ascend.
pub(super) fn most_in_any_window(admitted: &[(u64, i64)], window_us: u64) -> i64 {
    let (mut most, mut sum, mut first) = (0, 0, 0);
    for (at_us, amount) in admitted {
        sum += amount;
        while at_us - admitted[first].0 > window_us {
            sum -= admitted[first].1;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}
