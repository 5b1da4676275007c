//! One caller's slots under one limit, as one gateway holds them.

use super::uses::{Use, Uses, micros, until_ms};
use crate::limit::account::{self, Answer, Entry, IDLE_RETURN_MS};

/// A refused caller is asked about again after so long at most: other gateways give back what they do not need.
const LOOK_AGAIN_US: u64 = 250_000;
/// The same where some room was left, only too little: others may take it, and then the wait grows.
const LOOK_AGAIN_WITH_ROOM_US: u64 = 25_000;

/// See the module's words.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Lent and unused.
    pub(super) free: i64,
    /// Held by calls under way.
    pub(super) in_flight: i64,
    /// Used and resting here.
    used: Uses,
    need: i64,
    want: i64,
    /// The store must be told, though nothing was used.
    pub(super) dirty: bool,
    room: i64,
    /// Slots that rest in the store and when they are free, soonest first.
    resting: Vec<(u64, i64)>,
    /// When the store said so.
    heard_us: u64,
    closed_until_us: u64,
    touched_us: u64,
    /// Rises when what was lent is given up: what calls under way leave of it is then not used again.
    pub(super) epoch: u64,
}

/// What a book says to an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Free,
    /// Let through on this gateway's own share while the store is away.
    Local,
    Refused {
        retry_after_ms: Option<i64>,
    },
    Ask,
}

/// What a book's word depends on beside itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) now_us: u64,
    /// When the request came. What was heard before it may have changed since.
    pub(super) arrived_us: u64,
    pub(super) wall_ms: i64,
    /// The lent slots are surely still this gateway's own.
    pub(super) is_trusted: bool,
    /// The store is away, and this many slots are this gateway's share.
    pub(super) share: Option<i64>,
    pub(super) most: i64,
    /// 0 for calls at the same time.
    pub(super) rest_ms: i64,
}

impl Terms {
    /// What is with other gateways was used just now at the latest, and is given back when it is not needed. Nobody knows
    /// when calls under way end.
    pub(super) fn longest_wait_ms(&self) -> Option<i64> {
        (self.rest_ms > 0).then(|| self.rest_ms.saturating_add(IDLE_RETURN_MS))
    }
}

impl Book {
    pub(super) fn word(&mut self, amount: i64, terms: &Terms) -> Word {
        self.touched_us = terms.now_us;
        self.wake_rested(terms.rest_ms, terms.now_us);
        if amount > terms.most {
            return Word::Refused { retry_after_ms: None };
        }
        if terms.is_trusted && self.free >= amount {
            return Word::Free;
        }
        if let Some(share) = terms.share {
            return self.local_word(amount, share, terms);
        }
        let lacking = amount - self.free - self.room;
        if terms.now_us < self.closed_until_us && lacking > 0 {
            return Word::Refused {
                retry_after_ms: self.wait_ms(amount - self.free, terms),
            };
        }
        Word::Ask
    }

    fn local_word(&mut self, amount: i64, share: i64, terms: &Terms) -> Word {
        let surplus = self
            .used
            .amount()
            .saturating_add(self.in_flight)
            .saturating_add(amount)
            - share;
        if surplus <= 0 {
            return Word::Local;
        }
        let fits_us = self
            .used
            .rested_at_us(surplus, terms.rest_ms, self.under_way_us(terms));
        let wait = fits_us.map(|at_us| until_ms(at_us, terms.now_us));
        Word::Refused {
            retry_after_ms: wait.or((terms.rest_ms > 0).then_some(terms.rest_ms)),
        }
    }

    /// The time, if calls are under way at it.
    fn under_way_us(&self, terms: &Terms) -> Option<u64> {
        (self.in_flight > 0).then_some(terms.now_us)
    }

    /// What has rested is free again, or goes back where it was not lent or was given up.
    fn wake_rested(&mut self, rest_ms: i64, now_us: u64) {
        while let Some(used) = self.used.take_rested(rest_ms, now_us) {
            if used.lent_in == Some(self.epoch) {
                self.free = self.free.saturating_add(used.amount);
            } else {
                self.dirty = true;
            }
        }
    }

    /// Until so many slots more than are free here can be had, if nobody else takes them after the request came. What was
    /// room before that may be taken, and so may what has rested since.
    fn wait_ms(&self, lacking: i64, terms: &Terms) -> Option<i64> {
        let is_fresh = self.heard_us >= terms.arrived_us;
        let lacking = if is_fresh { lacking - self.room } else { lacking };
        let resting = self.resting.iter().copied();
        let resting = resting.filter(|(at_us, _)| is_fresh || *at_us > terms.now_us);
        let here = self
            .used
            .rests_of(self.epoch, terms.rest_ms, self.under_way_us(terms));
        let mut frees: Vec<(u64, i64)> = resting.chain(here).collect();
        frees.sort_unstable();
        let mut freed: i64 = 0;
        for (at_us, amount) in frees {
            freed = freed.saturating_add(amount);
            if freed >= lacking {
                return Some(until_ms(at_us, terms.now_us));
            }
        }
        terms.longest_wait_ms()
    }

    /// Says that this amount is wished for in the next exchange.
    pub(super) fn ask(&mut self, amount: i64) {
        let lacking = (amount - self.free).max(1);
        self.need = if self.need == 0 {
            lacking
        } else {
            self.need.min(lacking)
        };
        self.want = self.want.saturating_add(lacking);
    }

    /// Takes an admitted amount, and says in which epoch it was lent. What ends by itself stays in flight until
    /// [`Book::finish`].
    pub(super) fn take(&mut self, amount: i64, from_free: bool, stays: bool, terms: &Terms) -> Option<u64> {
        let lent_in = from_free.then_some(self.epoch);
        if from_free {
            self.free -= amount;
        } else {
            self.dirty = true;
        }
        if stays {
            self.in_flight += amount;
        } else {
            self.used.push(terms.now_us, amount, lent_in, terms.rest_ms);
        }
        lent_in
    }

    /// Ends something in flight that was admitted at `at_us`: `actual` of it, or more, was used.
    pub(super) fn finish(
        &mut self,
        amount: i64,
        actual: i64,
        at_us: u64,
        rest_ms: i64,
        lent_in: Option<u64>,
    ) {
        self.in_flight = (self.in_flight - amount).max(0);
        let used = if rest_ms == 0 { 0 } else { actual };
        let left = amount.saturating_sub(used);
        let is_lent = lent_in == Some(self.epoch);
        self.dirty |= !is_lent || left < 0;
        if is_lent && left > 0 {
            self.free += left;
        }
        self.used.push(at_us, used.min(amount), lent_in, rest_ms);
        if left < 0 {
            // More than was estimated: what is free here makes up for it, and the store is told of the rest as a fact.
            let made_up = self.free.min(-left);
            self.free -= made_up;
            self.used.push(at_us, made_up, Some(self.epoch), rest_ms);
            self.used.push(at_us, -left - made_up, None, rest_ms);
        }
    }

    /// What to tell the store, if there is something. What is idle is given back.
    pub(super) fn report(&mut self, entry: Entry, now_us: u64) -> Option<Entry> {
        self.wake_rested(entry.rest_ms, now_us);
        let is_idle = now_us.saturating_sub(self.touched_us) >= micros(IDLE_RETURN_MS) / 2;
        if is_idle && self.free > 0 && self.need == 0 {
            self.free = 0;
            self.dirty = true;
        }
        if self.need == 0 && !self.dirty {
            return None;
        }
        self.dirty = false;
        Some(Entry {
            in_flight: self.in_flight.saturating_add(self.used.amount()),
            free: self.free,
            need: std::mem::take(&mut self.need),
            want: std::mem::take(&mut self.want),
            ..entry
        })
    }

    /// Hands over what rests here, at the end of the run.
    pub(super) fn hand_over(&mut self, entry: Entry, now_us: u64) -> Option<Entry> {
        self.wake_rested(entry.rest_ms, now_us);
        self.give_up();
        let age = |used: Use| account::Use {
            age_ms: i64::try_from(now_us.saturating_sub(used.at_us) / 1_000).unwrap_or(i64::MAX),
            amount: used.amount,
        };
        let used = self.used.drain().map(age).collect();
        self.dirty = false;
        Some(Entry {
            in_flight: self.in_flight,
            used,
            ..entry
        })
    }

    /// The store has answered. `keeps` is false when the limit was changed meanwhile: what was granted goes back.
    pub(super) fn answered(&mut self, entry: &Entry, answer: &Answer, keeps: bool, now_us: u64) {
        if keeps {
            self.free += answer.granted;
        } else {
            self.dirty = true;
        }
        self.room = answer.room;
        self.heard_us = now_us;
        let at_us = |in_ms: i64| now_us.saturating_add(micros(in_ms));
        self.resting = answer
            .resting
            .iter()
            .map(|(in_ms, amount)| (at_us(*in_ms), *amount))
            .collect();
        self.closed_until_us = 0;
        if entry.need > 0 && answer.granted == 0 {
            let terms = Terms {
                now_us,
                arrived_us: now_us,
                wall_ms: 0,
                is_trusted: true,
                share: None,
                most: entry.most,
                rest_ms: entry.rest_ms,
            };
            let opens_us = self.wait_ms(entry.need, &terms).map_or(u64::MAX, at_us);
            let look_again_us = if answer.room > 0 {
                LOOK_AGAIN_WITH_ROOM_US
            } else {
                LOOK_AGAIN_US
            };
            self.closed_until_us = opens_us.min(now_us.saturating_add(look_again_us));
        }
    }

    /// The store has not answered; it is told again.
    pub(super) fn unanswered(&mut self) {
        self.dirty = true;
    }

    /// Gives up what is lent and unused.
    pub(super) fn give_up(&mut self) {
        self.dirty |= self.holds();
        self.free = 0;
        self.closed_until_us = 0;
        self.epoch += 1;
    }

    pub(super) fn holds(&self) -> bool {
        self.free > 0 || self.in_flight > 0 || !self.used.is_empty()
    }

    pub(super) fn is_done(&self, now_us: u64) -> bool {
        !self.holds()
            && !self.dirty
            && self.need == 0
            && self.resting.iter().all(|(at_us, _)| *at_us <= now_us)
            && now_us.saturating_sub(self.touched_us) > micros(IDLE_RETURN_MS)
    }

    /// What would still pass, and milliseconds until the oldest use leaves the window.
    pub(super) fn standing(&self, terms: &Terms) -> (i64, i64) {
        let rested = self
            .resting
            .iter()
            .filter(|(at_us, _)| *at_us <= terms.now_us)
            .map(|(_, amount)| amount);
        let remaining = match terms.share {
            Some(_) => self.free,
            None => self.free.saturating_add(self.room).saturating_add(rested.sum()),
        };
        let in_store = self
            .resting
            .iter()
            .map(|(at_us, _)| *at_us)
            .find(|at_us| *at_us > terms.now_us);
        let here = self.used.first_rested_at_us(terms.rest_ms);
        let reset_ms = in_store
            .into_iter()
            .chain(here)
            .min()
            .map_or(0, |at_us| until_ms(at_us, terms.now_us));
        (remaining.clamp(0, terms.most), reset_ms)
    }
}
