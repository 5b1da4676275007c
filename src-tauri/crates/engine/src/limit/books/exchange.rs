//! What goes to the store and what comes back.

use super::{Books, Rule};
use crate::{
    budget::fence::Moment,
    limit::account::{Entry, LONGEST_STEP_MS},
    store::{LimitExchange, LimitReply},
};

/// Most callers in one exchange.
const MOST_ENTRIES: usize = 1_000;
/// What is lent beyond what is asked for: this part of the limit.
const EXTRA_PART: i64 = 16;
/// A gateway calls others dead only after it has itself reached the store for so long without a break: after an outage, all
/// of them look dead for a moment.
const UNBROKEN_BEFORE_RECLAIM_US: u64 = 5_000_000;

/// An exchange that is under way.
#[derive(Debug, Clone)]
pub struct Sent {
    pub exchange: LimitExchange,
    began: Moment,
    /// True when there may be more to tell.
    pub is_full: bool,
}

impl Books {
    /// What must be told and asked for those who wait now.
    pub fn exchange_for_waiting(&mut self, now: Moment) -> Sent {
        let mut asking = std::mem::take(&mut self.asking);
        asking.sort();
        asking.dedup();
        let mut entries = Vec::with_capacity(asking.len());
        for (pool, caller) in asking {
            let entry = self
                .rules
                .get_mut(&pool)
                .and_then(|rule| rule.report(&pool, &caller, now));
            entries.extend(entry);
        }
        self.send(entries, now)
    }

    /// What must be told from time to time; none when there is nothing to tell, nothing is held and the store is there.
    pub fn exchange_for_all(&mut self, now: Moment) -> Option<Sent> {
        let mut entries = Vec::new();
        let mut holds = false;
        for (pool, rule) in &mut self.rules {
            rule.books.retain(|_, book| !book.is_done(now.monotonic_us));
            let callers: Vec<String> = rule.books.keys().cloned().collect();
            for caller in callers {
                if entries.len() < MOST_ENTRIES {
                    entries.extend(rule.report(pool, &caller, now));
                }
            }
            // Whoever waits for something that rests in the store needs the store's time to go on.
            holds |= !rule.books.is_empty();
        }
        self.rules.retain(|_, rule| rule.live || !rule.books.is_empty());
        let is_needed = holds || self.away || !entries.is_empty();
        is_needed.then(|| self.send(entries, now))
    }

    /// Gives back what is unused and hands over what rests, at the end of the run.
    pub fn last_exchange(&mut self, now: Moment) -> Sent {
        let mut entries = Vec::new();
        for (pool, rule) in &mut self.rules {
            let callers: Vec<String> = rule.books.keys().cloned().collect();
            for caller in callers {
                let entry = rule.entry(pool, &caller);
                let book = rule.books.get_mut(&caller);
                entries.extend(book.and_then(|book| book.hand_over(entry, now.monotonic_us)));
            }
        }
        self.send(entries, now)
    }

    fn send(&mut self, entries: Vec<Entry>, now: Moment) -> Sent {
        self.seq += 1;
        Sent {
            is_full: entries.len() >= MOST_ENTRIES,
            exchange: LimitExchange {
                holder: self.holder.clone(),
                seq: self.seq,
                known_ms: self.known_ms(now),
                entries,
            },
            began: now,
        }
    }

    /// The store's time as far as this gateway may carry it on; 0 after too long a step.
    #[must_use]
    pub fn known_ms(&self, now: Moment) -> i64 {
        self.basis.map_or(0, |(store_ms, at_us)| {
            let passed_ms = now.monotonic_us.saturating_sub(at_us) / 1_000;
            let passed_ms = i64::try_from(passed_ms).unwrap_or(i64::MAX);
            if passed_ms > LONGEST_STEP_MS {
                0
            } else {
                store_ms.saturating_add(passed_ms)
            }
        })
    }

    /// The store has answered.
    pub fn answered(&mut self, sent: &Sent, reply: &LimitReply, now: Moment) {
        self.basis = Some((reply.store_ms, now.monotonic_us));
        self.contact = Some(sent.began);
        self.unbroken_since_us.get_or_insert(now.monotonic_us);
        self.away = false;
        self.holders = reply.holders.max(1);
        if reply.lost {
            for rule in self.rules.values_mut() {
                rule.books.values_mut().for_each(super::Book::give_up);
            }
        }
        for (entry, answer) in sent.exchange.entries.iter().zip(&reply.answers) {
            if let Some(rule) = self.rules.get_mut(&entry.pool) {
                let keeps = rule.live && rule.limit.enabled && rule.limit.most >= entry.most;
                if let Some(book) = rule.books.get_mut(&entry.caller) {
                    book.answered(entry, answer, keeps, now.monotonic_us);
                }
            }
        }
    }

    /// The store did not answer, or refused. From now on this gateway counts alone, until it is there again.
    pub fn unanswered(&mut self, sent: &Sent) {
        self.away = true;
        self.unbroken_since_us = None;
        for entry in &sent.exchange.entries {
            let rule = self.rules.get_mut(&entry.pool);
            if let Some(book) = rule.and_then(|rule| rule.books.get_mut(&entry.caller)) {
                book.unanswered();
            }
        }
    }

    /// True when this gateway has been in touch long enough to call others dead.
    #[must_use]
    pub fn may_reclaim(&self, now: Moment) -> bool {
        self.unbroken_since_us
            .is_some_and(|since_us| now.monotonic_us.saturating_sub(since_us) >= UNBROKEN_BEFORE_RECLAIM_US)
    }
}

impl Rule {
    fn report(&mut self, pool: &str, caller: &str, now: Moment) -> Option<Entry> {
        let entry = self.entry(pool, caller);
        self.books.get_mut(caller)?.report(entry, now.monotonic_us)
    }

    fn entry(&self, pool: &str, caller: &str) -> Entry {
        Entry {
            pool: pool.to_owned(),
            caller: caller.to_owned(),
            most: self.limit.most,
            rest_ms: self.rest_ms(),
            in_flight: 0,
            free: 0,
            used: Vec::new(),
            need: 0,
            want: 0,
            extra: self.limit.most / EXTRA_PART,
        }
    }
}
