//! The gateway's purse: holds money for calls out of leases, and fetches new leases from the store when one runs dry.
//!
//! A cap is never passed, because all leases of a cap together never exceed it, and because no lease is spent that may have
//! been taken back ([`super::fence`]). No call waits on a shared row unless the lease in hand is used up.

mod fetch;
mod give_back;
mod renew;
#[cfg(test)]
mod tests;

use super::{
    fence::{Fence, Moment},
    lease::{LeaseBook, ReservationId, Reserve},
    period::{PeriodBounds, period_bounds},
};
use crate::{
    clock::Clock,
    store::{LeaseKey, LedgerStore, StoreError},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use weir_contract::{NanoUsd, model::cap::Cap};

/// Most turns that may end under one call before it is refused; each takes a suspension or a lowered cap.
const MOST_TURNS: u32 = 5;

/// Why money could not be held.
#[derive(Debug, thiserror::Error)]
pub enum PurseError {
    /// The cap has no room for this call.
    #[error("the cap {cap} has no room for this call")]
    CapReached {
        cap: String,
        limit: NanoUsd,
        spent: NanoUsd,
        reserved: NanoUsd,
        need: NanoUsd,
        resets_ms: i64,
        resets_text: String,
    },
    /// The store cannot say; Weir fails closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cap's own definition is broken.
    #[error("the cap {cap} cannot be checked: {problem}")]
    Broken { cap: String, problem: String },
}

/// Money held for one attempt. Settle it exactly once.
#[derive(Debug)]
pub struct Held {
    pub amount: NanoUsd,
    parts: Vec<Part>,
    gateway_id: Arc<str>,
}

impl Held {
    /// True when a cap counts it.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The leases it was taken from, as the store knows them.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseKey> {
        self.parts
            .iter()
            .map(|(book, _)| book.lease_key(&self.gateway_id))
            .collect()
    }
}

/// A hold in one book.
type Part = (BookKey, ReservationId);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BookKey {
    cap: String,
    period_start_ms: i64,
    turn: u64,
}

impl BookKey {
    /// Each turn has leases of its own, so that what is given back of an old one is never taken from a new one.
    fn lease_key(&self, gateway_id: &str) -> LeaseKey {
        LeaseKey {
            cap: self.cap.clone(),
            period_start_ms: self.period_start_ms,
            lease_id: format!("{gateway_id}:{}:{}:{}", self.cap, self.period_start_ms, self.turn),
        }
    }
}

#[derive(Default)]
struct Book {
    ledger: LeaseBook,
    /// The cap's limit when a call last held money here.
    limit_nanousd: i64,
}

struct Books {
    fence: Fence,
    by_key: HashMap<BookKey, Book>,
}

impl Books {
    /// The key of the book that may be spent now.
    fn key(&self, cap: &Cap, bounds: &PeriodBounds) -> BookKey {
        BookKey {
            cap: cap.name.clone(),
            period_start_ms: bounds.start_ms,
            turn: self.fence.turn(),
        }
    }

    fn reserve(&mut self, key: BookKey, amount: NanoUsd) -> Option<Part> {
        let book = self.by_key.entry(key.clone()).or_default();
        match book.ledger.reserve(amount.0) {
            Reserve::Held(reservation) => Some((key, reservation)),
            Reserve::NeedsLease { .. } => None,
        }
    }
}

/// See the module's words.
pub struct Purse {
    gateway_id: Arc<str>,
    store: Arc<dyn LedgerStore>,
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
    /// One lease is fetched at a time, so that a burst does not fetch one for each of its calls.
    fetching: tokio::sync::Mutex<()>,
    /// Money that is on its way back to the store is in no book; only one may look for it at a time.
    returning: tokio::sync::Mutex<()>,
}

impl Purse {
    /// An empty purse.
    #[must_use]
    pub fn new(gateway_id: &str, store: Arc<dyn LedgerStore>, clock: Arc<dyn Clock>) -> Purse {
        let now = moment(clock.as_ref());
        Purse {
            gateway_id: gateway_id.into(),
            store,
            clock,
            books: Mutex::new(Books {
                // Without leases there is nothing that could be taken back.
                fence: Fence::new(now),
                by_key: HashMap::new(),
            }),
            fetching: tokio::sync::Mutex::default(),
            returning: tokio::sync::Mutex::default(),
        }
    }

    /// Holds `amount` against every one of `caps`, or against none.
    ///
    /// # Errors
    /// [`PurseError`]; nothing stays held then.
    pub async fn hold(&self, caps: &[&Cap], amount: NanoUsd, now_ms: i64) -> Result<Held, PurseError> {
        let mut now_ms = now_ms;
        loop {
            match self.hold_all(caps, amount, now_ms).await {
                // The period ended while this call waited for its lease; the next one has room of its own.
                Err(PurseError::CapReached { resets_ms, .. }) if resets_ms <= self.clock.now_ms() => {
                    now_ms = self.clock.now_ms();
                }
                other => return other,
            }
        }
    }

    /// True while what is held is surely this gateway's own. Asked once the reservation is in the store: from then on nobody
    /// takes it back, but a process that was suspended before may have come too late.
    #[must_use]
    pub fn still_holds(&self, held: &Held) -> bool {
        let books = self.books();
        let turn = books.fence.turn();
        held.parts.is_empty()
            || (books.fence.is_open(self.moment()) && held.parts.iter().all(|(key, _)| key.turn == turn))
    }

    /// Ends a hold: what was charged stays spent, the rest is free again.
    pub fn settle(&self, held: Held, charged: NanoUsd) {
        let mut books = self.books();
        for (key, reservation) in held.parts {
            if let Some(book) = books.by_key.get_mut(&key) {
                book.ledger.settle(reservation, charged.0);
            }
        }
    }

    /// Held in memory for one cap and period.
    #[must_use]
    pub fn held(&self, cap: &str, period_start_ms: i64) -> NanoUsd {
        let books = self.books();
        let of_cap = books
            .by_key
            .iter()
            .filter(|(key, _)| key.cap == cap && key.period_start_ms == period_start_ms);
        NanoUsd(of_cap.map(|(_, book)| book.ledger.held()).sum())
    }

    async fn hold_all(&self, caps: &[&Cap], amount: NanoUsd, now_ms: i64) -> Result<Held, PurseError> {
        let mut held = Held {
            amount,
            parts: Vec::with_capacity(caps.len()),
            gateway_id: self.gateway_id.clone(),
        };
        for cap in caps {
            match self.hold_one(cap, amount, now_ms).await {
                Ok(part) => held.parts.push(part),
                Err(problem) => {
                    self.settle(held, NanoUsd::ZERO);
                    return Err(problem);
                }
            }
        }
        Ok(held)
    }

    async fn hold_one(&self, cap: &Cap, amount: NanoUsd, now_ms: i64) -> Result<Part, PurseError> {
        let bounds =
            period_bounds(cap.period, &cap.time_zone, now_ms).map_err(|problem| PurseError::Broken {
                cap: cap.name.clone(),
                problem: problem.to_string(),
            })?;
        for _ in 0..MOST_TURNS {
            self.open_fence().await?;
            self.follow_limit(cap, &bounds).await?;
            if let Some(part) = self.try_reserve(cap, &bounds, amount) {
                return Ok(part);
            }
            let _one_at_a_time = self.fetching.lock().await;
            // Another call may have fetched a lease while this one waited.
            if let Some(part) = self.try_reserve(cap, &bounds, amount) {
                return Ok(part);
            }
            if let Some(part) = self.fetch_lease(cap, &bounds, amount, now_ms).await? {
                return Ok(part);
            }
        }
        let message = "this gateway's leases were taken back again and again; see whether it has time to run";
        Err(StoreError::Unavailable(message.to_owned()).into())
    }

    fn try_reserve(&self, cap: &Cap, bounds: &PeriodBounds, amount: NanoUsd) -> Option<Part> {
        let mut books = self.books();
        let key = books.key(cap, bounds);
        books.reserve(key, amount)
    }

    fn moment(&self) -> Moment {
        moment(self.clock.as_ref())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moment(clock: &dyn Clock) -> Moment {
    Moment {
        wall_ms: clock.now_ms(),
        monotonic_us: clock.monotonic_us(),
    }
}
