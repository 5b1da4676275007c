//! The world in which leases are tested: several gateways that crash, against one model of a store.

use super::lease::{LeaseBook, LeaseId, ReservationId, Reserve, Settlement};
use super::lease_size::{LeaseSize, next_lease_size};
use proptest::prelude::*;

/// The durable side: one conditional grant, as both databases do it in one statement.
pub(super) struct ModelStore {
    pub(super) limit: i64,
    pub(super) granted: i64,
    next_lease: i64,
}

impl ModelStore {
    fn new(limit: i64) -> ModelStore {
        ModelStore {
            limit,
            granted: 0,
            next_lease: 0,
        }
    }
    pub(super) fn remaining(&self) -> i64 {
        self.limit - self.granted
    }
    fn grant(&mut self, amount: i64) -> Option<LeaseId> {
        if self.granted + amount > self.limit {
            return None;
        }
        self.granted += amount;
        self.next_lease += 1;
        Some(LeaseId(self.next_lease))
    }
}

pub(super) fn check_book(book: &LeaseBook) -> Result<(), TestCaseError> {
    let (mut free, mut held) = (0, 0);
    for lease in book.leases() {
        for part in [
            lease.spent,
            lease.over,
            lease.held,
            lease.free,
            lease.returned,
            lease.unsettled,
        ] {
            prop_assert!(part >= 0, "{:?}", lease);
        }
        prop_assert_eq!(
            lease.spent + lease.held + lease.free + lease.returned,
            lease.granted + lease.over
        );
        prop_assert!(lease.unsettled <= lease.spent);
        free += lease.free;
        held += lease.held;
    }
    prop_assert_eq!((free, held), (book.free(), book.held()));
    Ok(())
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Reserve {
        gateway: usize,
        need: i64,
    },
    Settle {
        gateway: usize,
        pick: usize,
        permille: i64,
    },
    Unknown {
        gateway: usize,
        pick: usize,
    },
    Release {
        gateway: usize,
        pick: usize,
    },
    GiveBack {
        gateway: usize,
        keep: i64,
    },
    Crash {
        gateway: usize,
    },
}

pub(super) fn steps(most_permille: i64) -> impl Strategy<Value = Vec<Step>> {
    let gateway = || 0..4_usize;
    let step = prop_oneof![
        8 => (gateway(), 0..60_i64).prop_map(|(gateway, need)| Step::Reserve { gateway, need }),
        6 => (gateway(), any::<usize>(), 0..=most_permille)
            .prop_map(|(gateway, pick, permille)| Step::Settle { gateway, pick, permille }),
        1 => (gateway(), any::<usize>()).prop_map(|(gateway, pick)| Step::Unknown { gateway, pick }),
        1 => (gateway(), any::<usize>()).prop_map(|(gateway, pick)| Step::Release { gateway, pick }),
        1 => (gateway(), 0..20_i64).prop_map(|(gateway, keep)| Step::GiveBack { gateway, keep }),
        1 => gateway().prop_map(|gateway| Step::Crash { gateway }),
    ];
    prop::collection::vec(step, 1..300)
}

#[derive(Default)]
pub(super) struct Gateway {
    pub(super) book: LeaseBook,
    open: Vec<(ReservationId, i64)>,
}

pub(super) struct World {
    pub(super) store: ModelStore,
    pub(super) gateways: Vec<Gateway>,
    /// What the providers will bill, crashed calls included at their full worst case.
    pub(super) billed: i64,
    pub(super) refusals: u64,
}

impl World {
    pub(super) fn new(limit: i64) -> World {
        World {
            store: ModelStore::new(limit),
            gateways: (0..4).map(|_| Gateway::default()).collect(),
            billed: 0,
            refusals: 0,
        }
    }

    fn recall(&mut self, except: usize) {
        for (index, gateway) in self.gateways.iter_mut().enumerate() {
            if index != except {
                self.store.granted -= gateway.book.give_back(0).total;
            }
        }
    }

    /// Reserves as a gateway does: from memory, else by a lease, else by a lease after a recall.
    pub(super) fn reserve(&mut self, at: usize, need: i64) -> Result<bool, TestCaseError> {
        let mut recalled = false;
        loop {
            let want = match self.gateways[at].book.reserve(need) {
                Reserve::Held(id) => {
                    self.gateways[at].open.push((id, need));
                    return Ok(true);
                }
                Reserve::NeedsLease { want } => want,
            };
            match next_lease_size(self.store.limit, self.store.remaining(), want) {
                LeaseSize::Take(amount) => {
                    let lease = self.store.grant(amount);
                    prop_assert!(lease.is_some(), "the size fits what was left");
                    // Two gateways top up one lease, two take a new one each time.
                    let lease = if at < 2 { LeaseId(-1) } else { lease.unwrap() };
                    self.gateways[at].book.grant(amount, lease);
                }
                LeaseSize::Short { .. } if !recalled => {
                    self.recall(at);
                    recalled = true;
                }
                LeaseSize::Short { .. } => {
                    self.refusals += 1;
                    let free: i64 = self.gateways.iter().map(|gateway| gateway.book.free()).sum();
                    prop_assert!(
                        self.store.remaining() + free < need,
                        "refused while money was left"
                    );
                    return Ok(false);
                }
            }
        }
    }

    pub(super) fn close(
        &mut self,
        at: usize,
        pick: usize,
        end: impl Fn(&mut LeaseBook, ReservationId, i64) -> Settlement,
    ) -> Result<(), TestCaseError> {
        let gateway = &mut self.gateways[at];
        if gateway.open.is_empty() {
            return Ok(());
        }
        let (id, reserved) = gateway.open.swap_remove(pick % gateway.open.len());
        let Settlement::Settled { charged, .. } = end(&mut gateway.book, id, reserved) else {
            return Err(TestCaseError::fail("an open reservation settles"));
        };
        self.billed += charged;
        let before = (gateway.book.spent(), gateway.book.held(), gateway.book.free());
        prop_assert_eq!(gateway.book.settle(id, 999), Settlement::AlreadyClosed);
        prop_assert_eq!(
            before,
            (gateway.book.spent(), gateway.book.held(), gateway.book.free())
        );
        Ok(())
    }

    pub(super) fn run(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Reserve { gateway, need } => self.reserve(gateway, need).map(|_| ()),
            Step::Settle {
                gateway,
                pick,
                permille,
            } => self.close(gateway, pick, |book, id, reserved| {
                book.settle(id, reserved * permille / 1_000)
            }),
            Step::Unknown { gateway, pick } => {
                self.close(gateway, pick, |book, id, _| book.settle_unknown(id))
            }
            Step::Release { gateway, pick } => self.close(gateway, pick, |book, id, _| book.release(id)),
            Step::GiveBack { gateway, keep } => {
                self.store.granted -= self.gateways[gateway].book.give_back(keep).total;
                Ok(())
            }
            Step::Crash { gateway } => {
                let dead = std::mem::take(&mut self.gateways[gateway]);
                self.billed += dead.open.iter().map(|(_, reserved)| reserved).sum::<i64>();
                Ok(())
            }
        }
    }
}
