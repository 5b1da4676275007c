//! The books of a purse, one for each cap, period and turn, and what a call holds in them.

use crate::{
    budget::{
        counted::Counted,
        fence::Fence,
        lease::{LeaseBook, ReservationId, Reserve},
        period::PeriodBounds,
    },
    store::{HeldLease, LeaseKey},
};
use std::{collections::HashMap, sync::Arc};
use weir_contract::NanoUsd;

/// Money held for one attempt. Settle it exactly once.
#[derive(Debug)]
pub struct Held {
    /// The most that one of its caps holds for it.
    pub amount: NanoUsd,
    /// The most that it can cost; more than `amount` only where all caps that count it are balanced.
    pub hard_bound: NanoUsd,
    pub(super) parts: Vec<Part>,
    pub(super) gateway_id: Arc<str>,
}

impl Held {
    /// The leases it was taken from, as the store knows them.
    #[must_use]
    pub fn leases(&self) -> Vec<LeaseKey> {
        self.parts
            .iter()
            .map(|part| part.key.lease_key(&self.gateway_id))
            .collect()
    }
    /// The same with what is held of each.
    #[must_use]
    pub fn held_leases(&self) -> Vec<HeldLease> {
        let held = self.parts.iter().map(|part| HeldLease {
            key: part.key.lease_key(&self.gateway_id),
            amount_nanousd: Some(part.amount),
        });
        held.collect()
    }
    /// True where some cap that fails open counts it without holding anything, because the store was away.
    #[must_use]
    pub fn is_unguarded(&self) -> bool {
        self.parts.iter().any(|part| part.is_unguarded)
    }
}

/// A hold in one book.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) key: BookKey,
    pub(super) reservation: ReservationId,
    pub(super) amount: NanoUsd,
    /// Nothing is held, because the store was away and the cap lets calls pass then.
    pub(super) is_unguarded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct BookKey {
    /// The cap's name.
    pub(super) cap: String,
    /// Under which name the ledger counts it: the cap's own, or with a value that came from a client.
    pub(super) ledger_key: String,
    pub(super) period_start_ms: i64,
    pub(super) turn: u64,
}

impl BookKey {
    /// Each turn has leases of its own, so that what is given back of an old one is never taken from a new one.
    pub(super) fn lease_key(&self, gateway_id: &str) -> LeaseKey {
        LeaseKey {
            cap: self.ledger_key.clone(),
            period_start_ms: self.period_start_ms,
            lease_id: format!(
                "{gateway_id}:{}:{}:{}",
                self.ledger_key, self.period_start_ms, self.turn
            ),
        }
    }
}

#[derive(Default)]
pub(super) struct Book {
    pub(super) ledger: LeaseBook,
    /// The cap's limit when a call last held money here.
    pub(super) limit_nanousd: i64,
    /// The number of the use that was its last.
    pub(super) used: u64,
}

pub(super) struct Books {
    pub(super) fence: Fence,
    pub(super) by_key: HashMap<BookKey, Book>,
    /// Caps, by their names in the ledger, whose money other gateways are short of, until when: what is fetched of them is no
    /// more than a call needs.
    pub(super) lean_until_us: HashMap<String, u64>,
    /// Caps of which others were asked for their money: when they may be asked again, and whether any held some.
    pub(super) asked_until_us: HashMap<String, (u64, bool)>,
    /// Caps for which a call waited in vain, what was taken and used of them then, and until when that is remembered.
    pub(super) in_vain: HashMap<String, (u64, (NanoUsd, NanoUsd))>,
    /// Counts uses, so that the book that has been idle longest can be found.
    pub(super) uses: u64,
}

impl Books {
    /// The key of the book that may be spent now.
    pub(super) fn key(&self, counted: &Counted<'_>, bounds: &PeriodBounds) -> BookKey {
        BookKey {
            cap: counted.cap.name.clone(),
            ledger_key: counted.ledger_key.clone(),
            period_start_ms: bounds.start_ms,
            turn: self.fence.turn(),
        }
    }

    pub(super) fn reserve(&mut self, key: BookKey, amount: NanoUsd) -> Option<Part> {
        self.uses += 1;
        let book = self.by_key.entry(key.clone()).or_default();
        book.used = self.uses;
        match book.ledger.reserve(amount.0) {
            Reserve::Held(reservation) => Some(Part {
                key,
                reservation,
                amount,
                is_unguarded: false,
            }),
            Reserve::NeedsLease { .. } => None,
        }
    }
}
