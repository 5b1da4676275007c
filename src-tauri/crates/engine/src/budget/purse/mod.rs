//! The gateway's purse: holds money for calls out of leases, and fetches new leases from the store when one runs dry.
//!
//! A cap is never passed, because all leases of a cap together never exceed it, and because no lease is spent that may have
//! been taken back ([`super::fence`]). No call waits on a shared row unless the lease in hand is used up.

mod books;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod chain_world;
mod evict;
mod fetch;
mod give_back;
#[cfg(test)]
mod ledger_in_memory;
#[cfg(test)]
mod manner_tests;
mod recall;
mod renew;
mod standing;
#[cfg(test)]
mod tests;

pub use books::Held;
pub use standing::Standing;

use books::{BookKey, Books, Part};
use fetch::{Fetched, cap_reached};
use recall::Recalled;

use super::{
    counted::Counted,
    fence::{Fence, Moment},
    need::Need,
    period::{PeriodBounds, period_bounds},
};
use crate::{
    clock::Clock,
    store::{LedgerStore, StoreError},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use weir_contract::{NanoUsd, model::cap::StoreAway};

/// Most turns that may end under one call before it is refused; each takes a suspension or a lowered cap.
const MOST_TURNS: u32 = 5;

/// Why money could not be held.
#[derive(Debug, thiserror::Error)]
pub enum PurseError {
    /// The cap has no room for this call.
    #[error("the cap {whose} has no room for this call")]
    CapReached {
        /// Its name.
        cap: String,
        /// Its name, quoted, and whose spend it counts.
        whose: String,
        /// The most that it lets be spent.
        limit: NanoUsd,
        spent: NanoUsd,
        reserved: NanoUsd,
        /// Lent to gateways and not spent; they were asked for it and gave nothing back in time.
        lent: NanoUsd,
        need: NanoUsd,
        /// When there is room for this call, if nobody else takes it.
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
    /// The last recall of another gateway that was answered.
    answered_recall: std::sync::atomic::AtomicI64,
    /// Above so many books the idle ones go: values come from clients, and each has a book of its own.
    most_books: usize,
}

/// Most books before idle ones go; about 5 MB.
const MOST_BOOKS: usize = 10_000;
/// The limit of a cap that only watches or steers, as the store sees it: sums of a few calls more still fit into an `i64`.
const NO_BOUND: NanoUsd = NanoUsd(9_000_000_000_000_000_000);

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
                lean_until_us: HashMap::new(),
                asked_until_us: HashMap::new(),
                in_vain: HashMap::new(),
                uses: 0,
            }),
            fetching: tokio::sync::Mutex::default(),
            returning: tokio::sync::Mutex::default(),
            answered_recall: std::sync::atomic::AtomicI64::new(0),
            most_books: MOST_BOOKS,
        }
    }

    /// Holds what each of `caps` wants held for a call with this need, or nothing.
    ///
    /// # Errors
    /// [`PurseError`]; nothing stays held then. A store that is away is an error only of caps that fail closed.
    pub async fn hold(
        &self,
        caps: &[Counted<'_>],
        need: impl Into<Need>,
        now_ms: i64,
    ) -> Result<Held, PurseError> {
        let need = need.into();
        let mut now_ms = now_ms;
        loop {
            match self.hold_all(caps, need, now_ms).await {
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
        let mut guarded = held.parts.iter().filter(|part| !part.is_unguarded).peekable();
        guarded.peek().is_none()
            || (books.fence.is_open(self.moment()) && guarded.all(|part| part.key.turn == turn))
    }

    /// Ends a hold: what was charged stays spent, the rest is free again.
    pub fn settle(&self, held: Held, charged: NanoUsd) {
        let mut books = self.books();
        for part in held.parts {
            if let Some(book) = books.by_key.get_mut(&part.key) {
                book.ledger.settle(part.reservation, charged.0);
            }
        }
    }

    /// Held in memory for one cap and period; the cap by its name in the ledger.
    #[must_use]
    pub fn held(&self, ledger_key: &str, period_start_ms: i64) -> NanoUsd {
        let books = self.books();
        let of_cap = books
            .by_key
            .iter()
            .filter(|(key, _)| key.ledger_key == ledger_key && key.period_start_ms == period_start_ms);
        NanoUsd(of_cap.map(|(_, book)| book.ledger.held()).sum())
    }

    async fn hold_all(&self, caps: &[Counted<'_>], need: Need, now_ms: i64) -> Result<Held, PurseError> {
        let mut held = Held {
            amount: NanoUsd::ZERO,
            hard_bound: need.hard_bound,
            parts: Vec::with_capacity(caps.len()),
            gateway_id: self.gateway_id.clone(),
        };
        if caps.is_empty() {
            held.amount = need.hard_bound;
        }
        for counted in caps {
            let amount = need.of(counted.cap);
            held.amount = held.amount.max(amount);
            match self.hold_or_pass(counted, amount, now_ms).await {
                Ok(part) => held.parts.push(part),
                Err(problem) => {
                    self.settle(held, NanoUsd::ZERO);
                    return Err(problem);
                }
            }
        }
        Ok(held)
    }

    /// Holds it, or lets it pass unheld where the store is away and the cap fails open.
    async fn hold_or_pass(
        &self,
        counted: &Counted<'_>,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<Part, PurseError> {
        match self.hold_one(counted, amount, now_ms).await {
            Err(PurseError::Store(StoreError::Unavailable(_)))
                if counted.cap.manner.when_store_is_away == StoreAway::Allow =>
            {
                let bounds = bounds_of(counted, now_ms)?;
                // Nothing can always be held.
                let part = self.try_reserve(counted, &bounds, NanoUsd::ZERO);
                part.map(|part| Part {
                    is_unguarded: true,
                    ..part
                })
                .ok_or_else(|| StoreError::Unavailable("nothing can be held".to_owned()).into())
            }
            other => other,
        }
    }

    async fn hold_one(
        &self,
        counted: &Counted<'_>,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<Part, PurseError> {
        let bounds = bounds_of(counted, now_ms)?;
        let mut turns = 0;
        let mut waited_ms = 0;
        while turns < MOST_TURNS {
            self.open_fence().await?;
            self.follow_limit(counted, &bounds).await?;
            if let Some(part) = self.try_reserve(counted, &bounds, amount) {
                return Ok(part);
            }
            let one_at_a_time = self.fetching.lock().await;
            // Another call may have fetched a lease while this one waited.
            if let Some(part) = self.try_reserve(counted, &bounds, amount) {
                return Ok(part);
            }
            self.evict_idle().await?;
            match self.fetch_lease(counted, &bounds, amount, now_ms).await? {
                Fetched::Held(part) => return Ok(part),
                Fetched::TurnEnded => turns += 1,
                Fetched::Short => {
                    // Whoever waits for others must not keep this gateway's other caps waiting.
                    drop(one_at_a_time);
                    match self.recall(counted, &bounds, amount, &mut waited_ms).await? {
                        Recalled::Room => {}
                        Recalled::Nothing(standing) => {
                            return Err(cap_reached(counted, &standing, standing.reserved(), amount));
                        }
                        Recalled::NothingElsewhere(standing) => {
                            let held_here = standing.taken().saturating_sub(standing.spent());
                            return Err(cap_reached(counted, &standing, held_here, amount));
                        }
                    }
                }
            }
        }
        let message = "this gateway's leases were taken back again and again; see whether it has time to run";
        Err(StoreError::Unavailable(message.to_owned()).into())
    }

    fn try_reserve(&self, counted: &Counted<'_>, bounds: &PeriodBounds, amount: NanoUsd) -> Option<Part> {
        let mut books = self.books();
        let key = books.key(counted, bounds);
        books.reserve(key, amount)
    }

    fn moment(&self) -> Moment {
        moment(self.clock.as_ref())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bounds_of(counted: &Counted<'_>, now_ms: i64) -> Result<PeriodBounds, PurseError> {
    let cap = counted.cap;
    period_bounds(cap.period, &cap.time_zone, now_ms).map_err(|problem| PurseError::Broken {
        cap: cap.name.clone(),
        problem: problem.to_string(),
    })
}

fn moment(clock: &dyn Clock) -> Moment {
    Moment {
        wall_ms: clock.now_ms(),
        monotonic_us: clock.monotonic_us(),
    }
}
