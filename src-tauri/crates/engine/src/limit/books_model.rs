//! Tests of limits over several gateways: RL-1 to RL-4 on a model with a true time, before any store is involved.

use super::{
    books_world::{Asked, CALLERS, World, limit},
    subject::pool_of,
};
use proptest::prelude::*;
use weir_contract::model::limit::{Limit, LimitMeasure};

#[derive(Debug, Clone)]
enum Step {
    Ask {
        gateway: usize,
        caller: usize,
        amount: i64,
        is_cut: bool,
    },
    Pass {
        permille: u64,
    },
    Crash {
        gateway: usize,
    },
    SetWall {
        gateway: usize,
        off_ms: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = (
        0..4_usize,
        0..CALLERS.len(),
        1..5_i64,
        prop::bool::weighted(0.003),
    )
        .prop_map(|(gateway, caller, amount, is_cut)| Step::Ask {
            gateway,
            caller,
            amount,
            is_cut,
        });
    let step = prop_oneof![
        40 => ask,
        20 => (0..300_u64).prop_map(|permille| Step::Pass { permille }),
        1 => (0..4_usize).prop_map(|gateway| Step::Crash { gateway }),
        1 => (0..4_usize, -3_600_000..3_600_000_i64).prop_map(|(gateway, off_ms)| Step::SetWall { gateway, off_ms }),
    ];
    prop::collection::vec(step, 1..120)
}

fn play(world: &mut World, gateways: usize, window_seconds: u32, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Ask {
                gateway,
                caller,
                amount,
                is_cut,
            } => {
                world.ask(gateway % gateways, caller, amount, 0, is_cut);
            }
            Step::Pass { permille } => world.pass(u64::from(window_seconds) * 1_000 * permille),
            Step::Crash { gateway } => world.crash(gateway % gateways),
            Step::SetWall { gateway, off_ms } => world.set_wall(gateway % gateways, off_ms),
        }
    }
}

fn never_more(
    gateways: usize,
    most: i64,
    window_seconds: u32,
    tokens: bool,
    latencies_us: &[u64],
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let measure = if tokens {
        LimitMeasure::Tokens
    } else {
        LimitMeasure::Requests
    };
    let mut world = World::new(
        gateways,
        &[-30_000, 30_000, 0, 17_000],
        latencies_us,
        &[limit(measure, most, window_seconds)],
    );
    play(&mut world, gateways, window_seconds, steps);
    let found = world.most_in_any_window(window_seconds);
    // A lost answer is a store that was away for a moment: that gateway may give its share beside.
    let was_away = steps
        .iter()
        .any(|step| matches!(step, Step::Ask { is_cut: true, .. }));
    let shares = if was_away { most.max(gateways as i64) } else { 0 };
    let most = most + shares;
    prop_assert!(
        found <= most,
        "{found} of {most} in {window_seconds} s: {:?}",
        world.admitted
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    /// RL-1 and RL-2: whatever happens, clocks an hour apart, crashes, lost answers and pauses included, never more than the
    /// limit in any window of true time.
    #[test]
    fn never_more_than_the_limit_over_all_gateways(
        gateways in 1..5_usize, most in 1..40_i64, window_seconds in 1..20_u32, tokens in any::<bool>(),
        latencies_us in prop::collection::vec(0..40_000_u64, 1..8), steps in steps(),
    ) {
        never_more(gateways, most, window_seconds, tokens, &latencies_us, &steps)?;
    }

    /// A caller who is refused and waits as told gets in, at the same gateway or another, when nobody else takes its place.
    #[test]
    fn whoever_waits_as_told_gets_in(
        gateways in 1..4_usize, most in 1..30_i64, window_seconds in 1..20_u32, tokens in any::<bool>(),
        latencies_us in prop::collection::vec(0..20_000_u64, 1..8), steps in steps(),
        amount in 1..5_i64, asks_at in 0..4_usize,
    ) {
        let measure = if tokens { LimitMeasure::Tokens } else { LimitMeasure::Requests };
        let mut world = World::new(gateways, &[-30_000, 30_000], &latencies_us, &[limit(measure, most, window_seconds)]);
        let steps: Vec<Step> = steps
            .into_iter()
            .filter(|step| matches!(step, Step::Ask { is_cut: false, .. } | Step::Pass { .. }))
            .collect();
        play(&mut world, gateways, window_seconds, &steps);
        let amount = if tokens { amount.min(most) } else { amount };
        if let Asked::Out(told_ms) = world.ask(asks_at % gateways, 0, amount, 0, false) {
            let Some(told_ms) = told_ms else { return Err(TestCaseError::fail("nobody said when to come back")) };
            prop_assert!(told_ms >= 1);
            // The others go on reporting each second meanwhile.
            let mut left_us = told_ms.unsigned_abs() * 1_000;
            while left_us > 0 {
                let passed_us = left_us.min(500_000);
                let before_us = world.now_us;
                world.pass(passed_us);
                left_us = left_us.saturating_sub(world.now_us - before_us);
            }
            let again = world.ask(asks_at % gateways, 0, amount, 0, false);
            prop_assert_eq!(again, Asked::In, "told {} ms", told_ms);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// RL-4: no edit gives a refill. After each, at most the larger of the numbers since the window before it.
    #[test]
    fn an_edit_gives_no_refill(
        most in prop::collection::vec(1..40_i64, 2..5), window_seconds in 1..10_u32,
        asks in prop::collection::vec((0..3_usize, 0..120_u64), 1..120),
    ) {
        let first = limit(LimitMeasure::Requests, most[0], window_seconds);
        let mut world = World::new(3, &[0], &[1_000, 3_000], &[first]);
        let turns = asks.len().div_ceil(most.len());
        let mut edited_us = Vec::new();
        for (turn, (gateway, permille)) in asks.into_iter().enumerate() {
            if turn % turns == 0 {
                edited_us.push(world.now_us);
                world.edit(&[limit(LimitMeasure::Requests, most[turn / turns], window_seconds)]);
            }
            world.pass(u64::from(window_seconds) * 1_000 * permille);
            let now_most = most[turn / turns];
            if world.ask(gateway, 0, 1, 0, false) == Asked::In {
                let window_us = u64::from(window_seconds) * 1_000_000;
                let since_us = world.now_us.saturating_sub(window_us);
                let used = world.admitted[0].iter().filter(|(at_us, _)| *at_us >= since_us).count() as i64;
                prop_assert!(used <= now_most, "{used} of {now_most}, edited at {edited_us:?}");
            }
        }
    }

    /// Never more calls at the same time than allowed, over all gateways.
    #[test]
    fn never_more_at_the_same_time(
        gateways in 1..4_usize, most in 1..8_i64,
        asks in prop::collection::vec((0..4_usize, 0..2_000_000_u64, 0..600_000_u64), 1..150),
    ) {
        let mut world = World::new(gateways, &[0], &[500, 2_000], &[limit(LimitMeasure::Concurrent, most, 1)]);
        for (gateway, lasts_us, passed_us) in asks {
            world.pass(passed_us);
            world.ask(gateway % gateways, 0, 1, lasts_us, false);
            prop_assert!(world.under_way() <= most);
        }
    }
}

/// Callers who always ask, at all gateways at once, get at least 95 % of what the limit allows.
#[test]
fn nearly_all_that_is_allowed_is_let_through() {
    for (most, window_seconds) in [
        (1, 5),
        (3, 2),
        (20, 60),
        (10, 60),
        (500, 10),
        (6_000, 60),
        (100, 1),
    ] {
        for gateways in [1, 4] {
            let mut world = World::new(
                gateways,
                &[30_000, -30_000],
                &[300, 900],
                &[limit(LimitMeasure::Requests, most, window_seconds)],
            );
            let (windows, from_us) = (20_u64, world.now_us);
            let window_us = u64::from(window_seconds) * 1_000_000;
            let pause_us = (window_us / most.unsigned_abs() / 8).clamp(500, 20_000);
            let mut turn = 0;
            while world.now_us - from_us < windows * window_us {
                world.ask(turn % gateways, 0, 1, 0, false);
                world.pass(pause_us);
                turn += 1;
            }
            let admitted = world.admitted[0].len() as u64;
            let allowed = windows * most.unsigned_abs();
            println_share(most, window_seconds, gateways, admitted, allowed);
            assert!(world.most_in_any_window(window_seconds) <= most);
            assert!(
                admitted * 100 >= allowed * 95,
                "{admitted} of {allowed}: {most} in {window_seconds} s, {gateways} gateways"
            );
        }
    }
}

#[allow(clippy::print_stdout, reason = "the figure is what the test is for")]
fn println_share(most: i64, window_seconds: u32, gateways: usize, admitted: u64, allowed: u64) {
    println!("{most} in {window_seconds} s at {gateways} gateways: {admitted} of {allowed}");
}

/// RL-3: with the store away for 30 seconds, no window has more than the limit and one window's local shares, and all is
/// as before within five seconds of its return.
#[test]
fn a_store_that_is_away_costs_at_most_one_windows_shares() {
    for gateways in [1, 2, 4_usize] {
        let (most, window_seconds) = (40, 10);
        let mut world = World::new(
            gateways,
            &[0],
            &[500],
            &[limit(LimitMeasure::Requests, most, window_seconds)],
        );
        let from_us = world.now_us;
        let mut back_us = None;
        let mut last_refused_us = 0;
        while world.now_us - from_us < 80_000_000 {
            let since_s = (world.now_us - from_us) / 1_000_000;
            world.store_away = (20..50).contains(&since_s);
            if since_s >= 50 && back_us.is_none() {
                back_us = Some(world.now_us);
            }
            for gateway in 0..gateways {
                if world.ask(gateway, 0, 1, 0, false) != Asked::In {
                    last_refused_us = world.now_us;
                }
            }
            world.pass(100_000);
        }
        assert!(last_refused_us > 0);
        assert!(
            world.most_in_any_window(window_seconds) <= 2 * most,
            "{}",
            world.most_in_any_window(window_seconds)
        );
        let back_us = back_us.unwrap();
        let since = |from_us: u64, to_us: u64| {
            world.admitted[0]
                .iter()
                .filter(|(at_us, _)| (from_us..to_us).contains(at_us))
                .count() as i64
        };
        assert!(
            since(back_us, back_us + 5_000_000) > 0,
            "nobody got in within five seconds"
        );
        assert!(since(back_us + 10_000_000, back_us + 20_000_000) * 100 >= most * 95);
        let during = since(from_us + 30_000_000, from_us + 40_000_000);
        assert!(
            (most * 90 / 100..=most).contains(&during),
            "the shares together are the limit: {during}"
        );
    }
}

#[test]
fn what_is_kept_is_named_by_what_is_counted() {
    let one = limit(LimitMeasure::Requests, 5, 60);
    let edited = Limit {
        most: 7,
        window_seconds: 5,
        shadow: true,
        ..one.clone()
    };
    assert_eq!(pool_of(&one), pool_of(&edited));
    assert_ne!(pool_of(&one), pool_of(&limit(LimitMeasure::Tokens, 5, 60)));
}
