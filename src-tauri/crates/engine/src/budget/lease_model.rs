//! Tests of leases: one book against its invariants, and several gateways with crashes against one model store.

use super::lease::{LeaseBook, LeaseId, ReservationId, Reserve, Settlement};
use super::lease_size::{LeaseSize, next_lease_size};
use proptest::prelude::*;

/// The durable side: one conditional grant, as both databases do it in one statement.
struct ModelStore {
    limit: i64,
    granted: i64,
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
    fn remaining(&self) -> i64 {
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

fn check_book(book: &LeaseBook) -> Result<(), TestCaseError> {
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
enum Step {
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

fn steps(most_permille: i64) -> impl Strategy<Value = Vec<Step>> {
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
struct Gateway {
    book: LeaseBook,
    open: Vec<(ReservationId, i64)>,
}

struct World {
    store: ModelStore,
    gateways: Vec<Gateway>,
    /// What the providers will bill, crashed calls included at their full worst case.
    billed: i64,
    refusals: u64,
}

impl World {
    fn new(limit: i64) -> World {
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
    fn reserve(&mut self, at: usize, need: i64) -> Result<bool, TestCaseError> {
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
                    prop_assert!(self.gateways[at].book.grant(amount, lease.unwrap()));
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

    fn close(
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

    fn run(&mut self, step: Step) -> Result<(), TestCaseError> {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// Whatever happens, crashes with calls under way included, the providers bill at most the limit, and a call
    /// is refused only when all the money that can still be found is less than its need.
    #[test]
    fn several_gateways_never_pass_the_cap(limit in 1..3_000_i64, steps in steps(1_000)) {
        let mut world = World::new(limit);
        for step in steps {
            world.run(step)?;
            let held: i64 = world.gateways.iter().map(|gateway| gateway.book.held()).sum();
            prop_assert!(world.billed + held <= limit, "over by {}", world.billed + held - limit);
            prop_assert!(world.store.granted <= limit && world.store.granted >= 0);
            for gateway in &world.gateways {
                prop_assert_eq!(gateway.book.over(), 0);
                check_book(&gateway.book)?;
            }
        }
    }

    /// Calls that cost more than their worst case are never hidden: every nano-dollar is in `spent`, and what no
    /// lease covered is in `over`.
    #[test]
    fn over_settlement_is_recorded(limit in 1..3_000_i64, steps in steps(3_000)) {
        let mut world = World::new(limit);
        let mut spent_by_the_dead = 0;
        for step in steps {
            if let Step::Crash { gateway } = step {
                let dead = &world.gateways[gateway];
                spent_by_the_dead += dead.book.spent() + dead.book.held();
            }
            world.run(step)?;
            let mut spent = spent_by_the_dead;
            for gateway in &mut world.gateways {
                check_book(&gateway.book)?;
                let before = gateway.book.spent();
                gateway.book.forget_finished();
                prop_assert_eq!(before, gateway.book.spent());
                spent += before;
            }
            prop_assert_eq!(spent, world.billed);
            let over: i64 = world.gateways.iter().map(|gateway| gateway.book.over()).sum();
            prop_assert!(spent <= limit + over + spent_by_the_dead);
        }
    }

    /// With small calls at least 99 % of the cap is spent before the first refusal, and 99.9 % with recall's bound.
    #[test]
    fn nearly_all_of_the_cap_is_usable(limit in 50_000..10_000_000_i64, seeds in prop::collection::vec(any::<u32>(), 64)) {
        let mut world = World::new(limit);
        let most = limit / 1_000;
        let mut turn = 0_usize;
        loop {
            let seed = seeds[turn % seeds.len()] as usize;
            let need = 1 + (seed as i64 + turn as i64 * 7_919) % most;
            let at = (seed + turn) % 4;
            turn += 1;
            if !world.reserve(at, need)? {
                break;
            }
            world.close(at, 0, |book, id, reserved| book.settle(id, reserved))?;
        }
        prop_assert_eq!(world.refusals, 1);
        prop_assert!(world.billed >= limit - most, "spent {} of {}", world.billed, limit);
        prop_assert!(world.billed * 100 >= limit * 99);
    }
}

#[test]
fn a_repeated_grant_counts_once_and_strangers_are_told_apart() {
    let mut book = LeaseBook::new();
    assert_eq!(book.reserve(5), Reserve::NeedsLease { want: 5 });
    assert!(book.grant(8, LeaseId(1)));
    assert!(!book.grant(8, LeaseId(1)));
    assert_eq!(book.free(), 8);
    let Reserve::Held(id) = book.reserve(5) else {
        panic!("8 covers 5")
    };
    assert_eq!(LeaseBook::new().settle(id, 1), Settlement::Unknown);
    assert_eq!(
        book.settle(id, 7),
        Settlement::Settled {
            charged: 7,
            freed: 0,
            over: 0
        }
    );
    assert_eq!(
        (book.spent(), book.held(), book.free(), book.over()),
        (7, 0, 1, 0)
    );
}

#[test]
fn a_reservation_spans_leases_and_gives_back_from_the_newest() {
    let mut book = LeaseBook::new();
    book.grant(10, LeaseId(1));
    book.grant(10, LeaseId(2));
    let Reserve::Held(id) = book.reserve(14) else {
        panic!("20 covers 14")
    };
    assert_eq!(book.give_back(1).by_lease, vec![(LeaseId(2), 5)]);
    assert_eq!(
        book.settle(id, 12),
        Settlement::Settled {
            charged: 12,
            freed: 2,
            over: 0
        }
    );
    assert_eq!(book.give_back(0).by_lease, vec![(LeaseId(2), 3)]);
    assert_eq!(book.forget_finished().len(), 2);
    assert_eq!(book.spent(), 12);
}
