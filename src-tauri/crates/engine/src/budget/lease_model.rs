//! Tests of leases: one book against its invariants, and several gateways with crashes against one model store.

use super::lease::{LeaseBook, LeaseId, Reserve, Settlement};
use super::lease_world::{Step, World, check_book, steps};
use proptest::prelude::*;

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
fn a_lease_grows_and_strangers_are_told_apart() {
    let mut book = LeaseBook::new();
    assert_eq!(book.reserve(5), Reserve::NeedsLease { want: 5 });
    book.grant(3, LeaseId(1));
    book.grant(5, LeaseId(1));
    assert_eq!(book.leases().map(|lease| lease.granted).collect::<Vec<_>>(), [8]);
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
