//! A gateway's side of all limits, pure: what it was lent, what it used, and what it wants of the store.
//!
//! A request passes only if every limit lets it, and counts only then. Slots in hand are used without asking anybody; when
//! there are too few, the request waits for one exchange with the store, which serves all that wait. Times are handed in;
//! they come from this process's own clocks and are compared with nobody else's.

mod book;
mod exchange;
mod uses;
mod verdict;

pub use exchange::Sent;
pub use verdict::{Held, LimitRefusal, Look, Verdict};

use crate::{
    budget::fence::Moment,
    limit::{
        account::TRUSTED_FOR_MS,
        subject::{OWN_POOLS, pool_of, rest_of},
    },
};
use book::{Book, Terms};
use std::collections::{BTreeMap, HashMap};
use weir_contract::model::limit::{Limit, LimitMeasure};

/// See the module's words.
#[derive(Debug, Clone)]
pub struct Books {
    holder: String,
    rules: BTreeMap<String, Rule>,
    /// The store's time as this process carries it on: never ahead of the store's own.
    basis: Option<(i64, u64)>,
    /// When the last exchange that reached the store began.
    contact: Option<Moment>,
    /// Since when every exchange has reached the store.
    unbroken_since_us: Option<u64>,
    away: bool,
    holders: u32,
    seq: i64,
    /// Books whose callers wait for an exchange.
    asking: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct Rule {
    limit: Limit,
    /// False once the limit is no more; what it holds still goes back.
    live: bool,
    books: HashMap<String, Book>,
    refused: u64,
    would_refuse: u64,
}

impl Books {
    /// Books of a run that no other has the name of, with nothing in them.
    #[must_use]
    pub fn new(holder: &str, limits: &[Limit]) -> Books {
        let mut books = Books {
            holder: holder.to_owned(),
            rules: BTreeMap::new(),
            basis: None,
            contact: None,
            unbroken_since_us: None,
            away: false,
            holders: 1,
            seq: 0,
            asking: Vec::new(),
        };
        books.set_limits(limits);
        books
    }

    /// Replaces the limits. What was counted stays counted, so an edit is no refill. What was lent under a larger number is
    /// given up, and must be asked for again under the smaller one.
    pub fn set_limits(&mut self, limits: &[Limit]) {
        // A key's own limit comes with each of its calls, not from the settings.
        let all_keys = ..OWN_POOLS.to_owned();
        for (_, rule) in self.rules.range_mut(all_keys.clone()) {
            rule.live = false;
        }
        for limit in limits {
            self.set_limit(pool_of(limit), limit);
        }
        for (_, rule) in self.rules.range_mut(all_keys).filter(|(_, rule)| !rule.live) {
            rule.books.values_mut().for_each(Book::give_up);
        }
    }

    fn set_limit(&mut self, pool: String, limit: &Limit) {
        let rule = self.rules.entry(pool).or_insert_with(|| Rule {
            limit: limit.clone(),
            live: true,
            books: HashMap::new(),
            refused: 0,
            would_refuse: 0,
        });
        let changed = rule.limit.most != limit.most || rule.limit.window_seconds != limit.window_seconds;
        rule.live = true;
        rule.limit = limit.clone();
        if changed || !limit.enabled {
            rule.books.values_mut().for_each(Book::give_up);
        }
    }

    /// True while the store is away, and each gateway counts alone.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away
    }

    /// Refusals of the limit of this name, and what it would have refused in shadow mode.
    #[must_use]
    pub fn refusals(&self, name: &str) -> (u64, u64) {
        let of_name = self
            .rules
            .values()
            .filter(|rule| rule.live && rule.limit.name == name);
        of_name.fold((0, 0), |(refused, would), rule| {
            (refused + rule.refused, would + rule.would_refuse)
        })
    }

    /// Ends something that stayed in flight; `actual` is what it used after all.
    pub fn finish(&mut self, held: &Held, actual: i64) {
        if let Some(rule) = self.rules.get_mut(&held.pool) {
            let rest_ms = rule.rest_ms();
            if let Some(book) = rule.books.get_mut(&held.caller) {
                book.finish(held.amount, actual, held.at_us, rest_ms, held.lent_in);
            }
        }
    }

    fn is_trusted(&self, now: Moment) -> bool {
        self.contact
            .is_some_and(|contact| now.since_ms(contact) <= TRUSTED_FOR_MS)
    }
}

impl Rule {
    fn rest_ms(&self) -> i64 {
        rest_of(&self.limit)
    }

    /// What stays in flight until the call ends.
    fn stays(&self) -> bool {
        self.limit.measure != LimitMeasure::Requests
    }

    fn terms(&self, now: Moment, arrived_us: u64, is_trusted: bool, away: bool, holders: u32) -> Terms {
        let share = (self.limit.most / i64::from(holders.max(1))).max(1);
        Terms {
            now_us: now.monotonic_us,
            arrived_us,
            wall_ms: now.wall_ms,
            is_trusted,
            share: away.then_some(share),
            most: self.limit.most,
            rest_ms: self.rest_ms(),
        }
    }
}
