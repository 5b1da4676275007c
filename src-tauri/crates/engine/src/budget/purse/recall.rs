//! Getting back what other gateways hold free of a cap before a call is refused, and giving it back when they ask.

use super::{Purse, Standing};
use crate::{
    budget::{
        counted::Counted,
        period::{PeriodBounds, counted_starts},
    },
    store::StoreError,
};
use std::{sync::atomic::Ordering, time::Duration};
use weir_contract::NanoUsd;

/// How long a call waits for others to give back while nothing moves. They look for recalls ten times a second.
const STILL_MS: u64 = 600;
/// How long it waits at most, while others' calls end and somebody else is faster.
const WAIT_MS: u64 = 3_000;
/// How often it looks whether there is room; a little later each time, since many may wait.
const LOOK_EVERY_MS: u64 = 20;
const LOOK_AT_LEAST_EVERY_MS: u64 = 120;
/// So long after one asking comes the next: what is recorded meanwhile can be given back, too.
const ASK_EVERY_US: u64 = 150_000;
/// How long nobody takes more than a call needs after a recall.
const LEAN_US: u64 = 2_000_000;
/// How long others are not asked again after they gave nothing.
const IN_VAIN_US: u64 = 1_000_000;
/// Above so many names, those whose time is over go.
const MOST_NAMES: usize = 1_000;

/// What came of asking.
pub(super) enum Recalled {
    /// There may be room now.
    Room,
    /// Nobody has any, or gave any in time, so the call is refused; this is where the cap stood then.
    Nothing(Standing),
    /// The same, and what is lent and unspent lies here: held for calls whose reservations are being written.
    NothingElsewhere(Standing),
}

impl Purse {
    /// Asks the others to give back what they hold free. `waited_ms` is how long this call has slept for it so far: slept and
    /// not measured, so that a machine that stood still has not used up anybody's patience.
    pub(super) async fn recall(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
        amount: NanoUsd,
        waited_ms: &mut u64,
    ) -> Result<Recalled, StoreError> {
        let standing = self.standing_in(counted, *bounds).await?;
        let Some(bound) = counted.bound() else {
            return Ok(Recalled::Nothing(standing));
        };
        let key = &counted.ledger_key;
        // All that could come back is what is lent and neither spent nor held. A cap that is used up refuses at once.
        let is_hopeless = |standing: &Standing| bound.saturating_sub(standing.used()) < amount;
        if is_hopeless(&standing) {
            return Ok(Recalled::Nothing(standing));
        }
        let mut looks = 0;
        let mut last_seen = None;
        let mut moved_at_ms = *waited_ms;
        loop {
            let standing = self.standing_in(counted, *bounds).await?;
            let now_us = self.clock.monotonic_us();
            if is_hopeless(&standing) {
                return Ok(Recalled::Nothing(standing));
            }
            let room = bound.saturating_sub(standing.taken());
            if room.0.saturating_add(self.free(counted, bounds)) >= amount.0 {
                // It was seen before and somebody else was faster.
                if looks == 0 && *waited_ms > 0 {
                    sleep_ms(LOOK_EVERY_MS, waited_ms).await;
                }
                return Ok(Recalled::Room);
            }
            let seen = (standing.taken(), standing.used());
            if last_seen.replace(seen).is_some_and(|last| last != seen) {
                moved_at_ms = *waited_ms;
            }
            let is_still = *waited_ms - moved_at_ms > STILL_MS;
            if is_still || *waited_ms > WAIT_MS || self.was_in_vain(key, seen, now_us) {
                self.note_in_vain(key, seen, now_us);
                return Ok(Recalled::Nothing(standing));
            }
            let somebody_has_it = match self.was_asked(key, now_us) {
                Some(somebody_had_it) => somebody_had_it,
                None => self.ask(counted, bounds, now_us).await?,
            };
            if !somebody_has_it {
                return Ok(Recalled::NothingElsewhere(standing));
            }
            let pause_ms = (LOOK_EVERY_MS * (looks + 1)).min(LOOK_AT_LEAST_EVERY_MS);
            looks += 1;
            sleep_ms(pause_ms, waited_ms).await;
        }
    }

    /// Gives back what others have asked for since. Costs one read, and nothing while no money is free here.
    ///
    /// # Errors
    /// The store's; asked again, nothing is lost.
    pub async fn answer_recalls(&self) -> Result<(), StoreError> {
        let has_free = |book: &super::books::Book| book.ledger.free() > 0;
        if !self.books().by_key.values().any(has_free) {
            return Ok(());
        }
        let after = self.answered_recall.load(Ordering::Acquire);
        let recalls = self.store.recalled_leases(after).await?;
        for recall in recalls {
            if *recall.gateway_id != *self.gateway_id {
                self.be_lean(&recall.cap, self.clock.monotonic_us());
                let _one_at_a_time = self.returning.lock().await;
                self.return_free(|key| key.ledger_key == recall.cap).await?;
            }
            self.answered_recall.fetch_max(recall.seq, Ordering::AcqRel);
        }
        Ok(())
    }

    /// True while no more of a cap is fetched than a call needs.
    pub(super) fn is_lean(&self, ledger_key: &str) -> bool {
        let now_us = self.clock.monotonic_us();
        let books = self.books();
        books
            .lean_until_us
            .get(ledger_key)
            .is_some_and(|until_us| now_us < *until_us)
    }

    fn be_lean(&self, ledger_key: &str, now_us: u64) {
        let mut books = self.books();
        if books.lean_until_us.len() >= MOST_NAMES {
            books.lean_until_us.retain(|_, until_us| now_us < *until_us);
        }
        books
            .lean_until_us
            .insert(ledger_key.to_owned(), now_us + LEAN_US);
    }

    /// Whether others held any of the cap when one of those who wait asked a moment ago; none when it is time to ask.
    fn was_asked(&self, ledger_key: &str, now_us: u64) -> Option<bool> {
        let books = self.books();
        let asked = books.asked_until_us.get(ledger_key);
        asked
            .filter(|(until_us, _)| now_us < *until_us)
            .map(|(_, somebody_had_it)| *somebody_had_it)
    }

    /// Asks for it, and is lean from then on. False when nobody else holds any.
    async fn ask(
        &self,
        counted: &Counted<'_>,
        bounds: &PeriodBounds,
        now_us: u64,
    ) -> Result<bool, StoreError> {
        let key = &counted.ledger_key;
        // Whoever comes meanwhile waits for this asking's end.
        self.note_asked(key, now_us, true);
        self.be_lean(key, now_us);
        let starts = counted_starts(counted.cap.period, bounds.start_ms);
        let somebody_has_it = self.store.recall_leases(key, starts, &self.gateway_id).await?;
        self.note_asked(key, now_us, somebody_has_it);
        Ok(somebody_has_it)
    }

    fn note_asked(&self, ledger_key: &str, now_us: u64, somebody_had_it: bool) {
        let mut books = self.books();
        if books.asked_until_us.len() >= MOST_NAMES {
            books.asked_until_us.retain(|_, (until_us, _)| now_us < *until_us);
        }
        let asked = (now_us + ASK_EVERY_US, somebody_had_it);
        books.asked_until_us.insert(ledger_key.to_owned(), asked);
    }

    /// Somebody waited in vain a moment ago, and nothing has moved since: what is lent is of a gateway that does not answer.
    fn was_in_vain(&self, ledger_key: &str, seen: (NanoUsd, NanoUsd), now_us: u64) -> bool {
        let books = self.books();
        let known = books.in_vain.get(ledger_key);
        known.is_some_and(|(until_us, known)| now_us < *until_us && *known == seen)
    }

    /// Does not prolong what is there, or others would never be asked again.
    fn note_in_vain(&self, ledger_key: &str, seen: (NanoUsd, NanoUsd), now_us: u64) {
        if self.was_in_vain(ledger_key, seen, now_us) {
            return;
        }
        let mut books = self.books();
        if books.in_vain.len() >= MOST_NAMES {
            books.in_vain.retain(|_, (until_us, _)| now_us < *until_us);
        }
        books
            .in_vain
            .insert(ledger_key.to_owned(), (now_us + IN_VAIN_US, seen));
    }

    /// Free in the book that may be spent now.
    fn free(&self, counted: &Counted<'_>, bounds: &PeriodBounds) -> i64 {
        let books = self.books();
        let key = books.key(counted, bounds);
        books.by_key.get(&key).map_or(0, |book| book.ledger.free())
    }
}

async fn sleep_ms(pause_ms: u64, waited_ms: &mut u64) {
    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    *waited_ms += pause_ms;
}
