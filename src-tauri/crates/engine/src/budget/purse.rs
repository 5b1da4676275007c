//! The gateway's purse: holds money for calls out of leases, and fetches new leases from the store when one runs dry.
//!
//! A cap is never passed, because all leases of a cap together never exceed it. No call waits on a shared row unless the
//! lease in hand is used up.

use super::{
    lease::{LeaseBook, LeaseId, ReservationId, Reserve},
    lease_size::{LeaseSize, next_lease_size},
    period::{PeriodBounds, period_bounds},
};
use crate::store::{LeaseKey, LeaseRequest, Store, StoreError};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use weir_contract::{NanoUsd, model::cap::Cap};

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
    parts: Vec<(BookKey, ReservationId)>,
    gateway_id: Arc<str>,
}

impl Held {
    /// The leases it was taken from, as the store knows them.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseKey> {
        self.parts
            .iter()
            .map(|(book, _)| book.lease_key(&self.gateway_id))
            .collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct BookKey {
    cap: String,
    period_start_ms: i64,
}

impl BookKey {
    fn lease_key(&self, gateway_id: &str) -> LeaseKey {
        LeaseKey {
            cap: self.cap.clone(),
            period_start_ms: self.period_start_ms,
            lease_id: format!("{gateway_id}:{}:{}", self.cap, self.period_start_ms),
        }
    }
}

#[derive(Default)]
struct Book {
    ledger: LeaseBook,
    /// The cap's limit when a call last held money here.
    limit_nanousd: i64,
}

/// See the module's words.
pub struct Purse {
    gateway_id: Arc<str>,
    store: Arc<dyn Store>,
    books: Mutex<HashMap<BookKey, Book>>,
    /// One lease is fetched at a time, so that a burst does not fetch one for each of its calls.
    fetching: tokio::sync::Mutex<()>,
}

impl Purse {
    /// An empty purse.
    #[must_use]
    pub fn new(gateway_id: &str, store: Arc<dyn Store>) -> Purse {
        Purse {
            gateway_id: gateway_id.into(),
            store,
            books: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Holds `amount` against every one of `caps`, or against none.
    ///
    /// # Errors
    /// [`PurseError`]; nothing stays held then.
    pub async fn hold(&self, caps: &[&Cap], amount: NanoUsd, now_ms: i64) -> Result<Held, PurseError> {
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

    /// Ends a hold: what was charged stays spent, the rest is free again.
    pub fn settle(&self, held: Held, charged: NanoUsd) {
        let mut books = self.books();
        for (key, reservation) in held.parts {
            if let Some(book) = books.get_mut(&key) {
                book.ledger.settle(reservation, charged.0);
            }
        }
    }

    /// Held in memory for one cap and period.
    #[must_use]
    pub fn held(&self, cap: &str, period_start_ms: i64) -> NanoUsd {
        let key = BookKey {
            cap: cap.to_owned(),
            period_start_ms,
        };
        NanoUsd(self.books().get(&key).map_or(0, |book| book.ledger.held()))
    }

    /// Returns free money to the store: of past periods at once, of current ones all of it when `stopping`.
    ///
    /// # Errors
    /// The store's; money that could not be returned is returned when the gateway's beat ends.
    pub async fn give_back(&self, caps: &[Cap], now_ms: i64, stopping: bool) -> Result<(), StoreError> {
        let mut current = Vec::new();
        for cap in caps {
            if let Ok(bounds) = period_bounds(cap.period, &cap.time_zone, now_ms) {
                current.push(BookKey {
                    cap: cap.name.clone(),
                    period_start_ms: bounds.start_ms,
                });
            }
        }
        let mut returns = Vec::new();
        self.books().retain(|key, book| {
            if stopping || !current.contains(key) {
                let back = book.ledger.give_back(0).total;
                if back > 0 {
                    returns.push((key.lease_key(&self.gateway_id), back));
                }
            }
            current.contains(key) || book.ledger.held() > 0
        });
        for (lease, unspent) in returns {
            self.store.return_lease(&lease, NanoUsd(unspent)).await?;
        }
        Ok(())
    }

    async fn hold_one(
        &self,
        cap: &Cap,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<(BookKey, ReservationId), PurseError> {
        let bounds =
            period_bounds(cap.period, &cap.time_zone, now_ms).map_err(|problem| PurseError::Broken {
                cap: cap.name.clone(),
                problem: problem.to_string(),
            })?;
        let key = BookKey {
            cap: cap.name.clone(),
            period_start_ms: bounds.start_ms,
        };
        self.follow_limit(&key, cap.limit_nanousd).await?;
        if let Some(reservation) = self.try_reserve(&key, amount) {
            return Ok((key, reservation));
        }
        let _one_at_a_time = self.fetching.lock().await;
        // Another call may have fetched a lease while this one waited.
        if let Some(reservation) = self.try_reserve(&key, amount) {
            return Ok((key, reservation));
        }
        self.fetch_lease(cap, &key, &bounds, amount, now_ms).await?;
        match self.try_reserve(&key, amount) {
            Some(reservation) => Ok((key, reservation)),
            None => Err(self.cap_reached(cap, &bounds, amount).await?),
        }
    }

    /// A lease that was granted under a higher limit could be spent past a lowered one, so its free money goes back
    /// first and must be asked for again.
    async fn follow_limit(&self, key: &BookKey, limit: NanoUsd) -> Result<(), StoreError> {
        let back = {
            let mut books = self.books();
            let book = books.entry(key.clone()).or_default();
            let lowered = limit.0 < book.limit_nanousd;
            book.limit_nanousd = limit.0;
            if lowered {
                book.ledger.give_back(0).total
            } else {
                0
            }
        };
        if back > 0 {
            let lease = key.lease_key(&self.gateway_id);
            self.store.return_lease(&lease, NanoUsd(back)).await?;
        }
        Ok(())
    }

    fn try_reserve(&self, key: &BookKey, amount: NanoUsd) -> Option<ReservationId> {
        let mut books = self.books();
        let book = books.entry(key.clone()).or_default();
        match book.ledger.reserve(amount.0) {
            Reserve::Held(reservation) => Some(reservation),
            Reserve::NeedsLease { .. } => None,
        }
    }

    async fn fetch_lease(
        &self,
        cap: &Cap,
        key: &BookKey,
        bounds: &PeriodBounds,
        amount: NanoUsd,
        now_ms: i64,
    ) -> Result<(), PurseError> {
        let free = self.books().get(key).map_or(0, |book| book.ledger.free());
        let need = (amount.0 - free).max(0);
        let balance = self.store.balance(&cap.name, bounds.start_ms).await?;
        let remaining = cap.limit_nanousd.saturating_sub(balance.committed_nanousd).0;
        let LeaseSize::Take(want) = next_lease_size(cap.limit_nanousd.0, remaining, need) else {
            return Err(self.cap_reached(cap, bounds, amount).await?);
        };
        let granted = self
            .store
            .acquire_lease(LeaseRequest {
                key: key.lease_key(&self.gateway_id),
                gateway_id: self.gateway_id.to_string(),
                limit_nanousd: cap.limit_nanousd,
                need_nanousd: NanoUsd(need),
                want_nanousd: NanoUsd(want),
                now_ms,
            })
            .await?;
        if granted > NanoUsd::ZERO {
            let mut books = self.books();
            let book = books.entry(key.clone()).or_default();
            // The store keeps one lease for each gateway, cap and period, so the book does too.
            book.ledger.grant(granted.0, LeaseId(0));
        }
        Ok(())
    }

    async fn cap_reached(
        &self,
        cap: &Cap,
        bounds: &PeriodBounds,
        need: NanoUsd,
    ) -> Result<PurseError, StoreError> {
        let balance = self.store.balance(&cap.name, bounds.start_ms).await?;
        Ok(PurseError::CapReached {
            cap: cap.name.clone(),
            limit: cap.limit_nanousd,
            spent: balance.spent_nanousd,
            reserved: balance.reserved_nanousd,
            need,
            resets_ms: bounds.end_ms,
            resets_text: super::period::resets_text(*bounds, &cap.time_zone).unwrap_or_default(),
        })
    }

    fn books(&self) -> MutexGuard<'_, HashMap<BookKey, Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
