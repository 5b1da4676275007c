//! Spending a cap in memory: a gateway's book of the money that the store has leased to it for one cap and period.
//!
//! The store grants whole slices durably and conditionally, so the slices of all gateways never add up to more than
//! the cap. Inside its slices a gateway reserves and settles without asking anybody. If it dies, what it had leased
//! and not returned stays counted as spent (unsettled), so a cap is never passed. For each lease, at all times,
//! `spent + held + free + returned == granted + over`.

use std::collections::{BTreeMap, HashMap};

/// A lease in this book; its owner knows the store's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub i64);

/// One reservation in one book. Never reused within a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReservationId(u64);

/// The answer to a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// The money is set aside until it is settled or released.
    Held(ReservationId),
    /// The book has too little; a lease of at least `want` nano-dollars makes the same reservation pass.
    NeedsLease { want: i64 },
}

/// The answer to a settlement or release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Charged now. `freed` went back to the book; `over` is what neither the reservation nor free money covered.
    Settled { charged: i64, freed: i64, over: i64 },
    /// It was settled or released before; nothing changed.
    AlreadyClosed,
    /// This book never held it.
    Unknown,
}

/// Where one lease stands, in absolute nano-dollars, so that reporting it twice to the store changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseUse {
    pub lease: LeaseId,
    pub granted: i64,
    /// Charged for good, `over` included.
    pub spent: i64,
    /// Of `spent`: charged at the reserved amount because the true cost is not known.
    pub unsettled: i64,
    /// Of `spent`: beyond what was granted, because a call cost more than its worst case.
    pub over: i64,
    /// Set aside for calls under way.
    pub held: i64,
    /// Ready to be reserved.
    pub free: i64,
    /// Given back to the store.
    pub returned: i64,
}

/// Free money taken out of the book, to be returned to the store lease by lease.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GiveBack {
    pub total: i64,
    pub by_lease: Vec<(LeaseId, i64)>,
}

/// A reservation's money, by the lease it comes from.
type Parts = Vec<(LeaseId, i64)>;

/// The book of one cap in one period. All amounts are nano-dollars.
#[derive(Debug, Default)]
pub struct LeaseBook {
    leases: BTreeMap<LeaseId, LeaseUse>,
    holds: HashMap<ReservationId, Parts>,
    next_reservation: u64,
    free: i64,
    held: i64,
    /// Spent on leases that have been forgotten, and on calls reserved at zero while there was no lease.
    spent_elsewhere: i64,
    over_elsewhere: i64,
}

impl LeaseBook {
    /// A book without money: the first reservation asks for a lease.
    #[must_use]
    pub fn new() -> LeaseBook {
        LeaseBook::default()
    }

    /// Sets money aside, from the oldest lease first. A negative amount counts as zero.
    pub fn reserve(&mut self, amount: i64) -> Reserve {
        let amount = amount.max(0);
        if amount > self.free {
            return Reserve::NeedsLease {
                want: amount - self.free,
            };
        }
        let id = ReservationId(self.next_reservation);
        self.next_reservation += 1;
        let mut parts = Parts::new();
        let mut missing = amount;
        for lease in self.leases.values_mut() {
            if missing == 0 {
                break;
            }
            let part = missing.min(lease.free);
            if part > 0 {
                lease.free -= part;
                lease.held += part;
                missing -= part;
                parts.push((lease.lease, part));
            }
        }
        self.free -= amount;
        self.held += amount;
        self.holds.insert(id, parts);
        Reserve::Held(id)
    }

    /// Adds a slice that the store has granted; the same lease again grows by it, as it does in the store. A gateway
    /// that keeps to one lease per book can name that lease with every charge.
    pub fn grant(&mut self, amount: i64, lease: LeaseId) {
        let amount = amount.max(0);
        let entry = self.leases.entry(lease).or_insert_with(|| LeaseUse::empty(lease));
        entry.granted += amount;
        entry.free += amount;
        self.free += amount;
    }

    /// Ends a reservation at its true cost; what is left of it is free again. A cost above the reservation is paid
    /// from free money first; only what that cannot cover is `over`. Settling twice changes nothing.
    pub fn settle(&mut self, id: ReservationId, actual: i64) -> Settlement {
        self.close(id, |_| actual.max(0), false)
    }

    /// Ends a reservation whose true cost is not known (crash, client gone, cut stream): charges all of it, marked.
    pub fn settle_unknown(&mut self, id: ReservationId) -> Settlement {
        self.close(id, |reserved| reserved, true)
    }

    /// Ends a reservation of a call that was never made: all of it is free again.
    pub fn release(&mut self, id: ReservationId) -> Settlement {
        self.settle(id, 0)
    }

    /// Takes out all free money above `keep`, newest lease first, to return it to the store. `give_back(0)` on a stop
    /// or at the end of the period; a smaller `keep` than before when slices shrink near the cap.
    pub fn give_back(&mut self, keep: i64) -> GiveBack {
        let mut missing = (self.free - keep.max(0)).max(0);
        let mut back = GiveBack {
            total: missing,
            by_lease: Vec::new(),
        };
        self.free -= missing;
        for lease in self.leases.values_mut().rev() {
            let part = missing.min(lease.free);
            if part > 0 {
                lease.free -= part;
                lease.returned += part;
                missing -= part;
                back.by_lease.push((lease.lease, part));
            }
        }
        back
    }

    /// Puts back what was taken out of a lease to be returned and was not taken by the store.
    pub fn keep(&mut self, amount: i64, lease: LeaseId) {
        if let Some(lease) = self.leases.get_mut(&lease) {
            let amount = amount.clamp(0, lease.returned);
            lease.returned -= amount;
            lease.free += amount;
            self.free += amount;
        }
    }

    /// Where every lease stands, oldest first.
    pub fn leases(&self) -> impl Iterator<Item = LeaseUse> + '_ {
        self.leases.values().copied()
    }

    /// Drops leases with nothing free and nothing held, and tells their final standing. Their spending stays counted.
    pub fn forget_finished(&mut self) -> Vec<LeaseUse> {
        let finished: Vec<LeaseUse> = self
            .leases()
            .filter(|lease| lease.free == 0 && lease.held == 0)
            .collect();
        for lease in &finished {
            self.leases.remove(&lease.lease);
            self.spent_elsewhere += lease.spent;
            self.over_elsewhere += lease.over;
        }
        finished
    }

    /// Charged through this book so far.
    #[must_use]
    pub fn spent(&self) -> i64 {
        self.spent_elsewhere + self.leases().map(|lease| lease.spent).sum::<i64>()
    }

    /// Of what was spent: beyond all leases. The store adds it to the cap's use.
    #[must_use]
    pub fn over(&self) -> i64 {
        self.over_elsewhere + self.leases().map(|lease| lease.over).sum::<i64>()
    }

    /// Set aside for calls under way.
    #[must_use]
    pub fn held(&self) -> i64 {
        self.held
    }

    /// Ready to be reserved.
    #[must_use]
    pub fn free(&self) -> i64 {
        self.free
    }

    /// Reservations under way.
    #[must_use]
    pub fn open_reservations(&self) -> usize {
        self.holds.len()
    }

    fn close(&mut self, id: ReservationId, cost: impl FnOnce(i64) -> i64, unknown: bool) -> Settlement {
        let Some(parts) = self.holds.remove(&id) else {
            return if id.0 < self.next_reservation {
                Settlement::AlreadyClosed
            } else {
                Settlement::Unknown
            };
        };
        let reserved: i64 = parts.iter().map(|(_, part)| part).sum();
        let charged = cost(reserved);
        let mut unpaid = charged;
        for (lease, part) in &parts {
            let paid = unpaid.min(*part);
            unpaid -= paid;
            if let Some(lease) = self.leases.get_mut(lease) {
                lease.held -= part;
                lease.spent += paid;
                lease.free += part - paid;
                if unknown {
                    lease.unsettled += paid;
                }
            }
        }
        let freed = (reserved - charged).max(0);
        self.held -= reserved;
        self.free += freed;
        let over = self.pay_beyond_reservation(unpaid, parts.last().map(|(lease, _)| *lease));
        Settlement::Settled { charged, freed, over }
    }

    /// Pays from free money, books the rest as over on the reservation's lease, and tells that rest.
    fn pay_beyond_reservation(&mut self, mut unpaid: i64, blame: Option<LeaseId>) -> i64 {
        for lease in self.leases.values_mut() {
            let paid = unpaid.min(lease.free);
            lease.free -= paid;
            lease.spent += paid;
            self.free -= paid;
            unpaid -= paid;
        }
        if unpaid > 0 {
            match blame.and_then(|lease| self.leases.get_mut(&lease)) {
                Some(lease) => {
                    lease.spent += unpaid;
                    lease.over += unpaid;
                }
                None => {
                    self.spent_elsewhere += unpaid;
                    self.over_elsewhere += unpaid;
                }
            }
        }
        unpaid
    }
}

impl LeaseUse {
    fn empty(lease: LeaseId) -> LeaseUse {
        LeaseUse {
            lease,
            granted: 0,
            spent: 0,
            unsettled: 0,
            over: 0,
            held: 0,
            free: 0,
            returned: 0,
        }
    }
}
