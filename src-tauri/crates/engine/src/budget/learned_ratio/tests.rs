//! The estimates must hold on any steady stream of calls, and follow a stream that changes.

use super::{CALLS_PER_GENERATION, LearnedRatios, SettledUse, Tokens};
use crate::price::row::PriceRow;
use crate::settings::ModelRef;
use proptest::prelude::*;

fn model() -> ModelRef {
    ModelRef {
        provider: "openai".to_owned(),
        model: "gpt-5".to_owned(),
    }
}

/// SplitMix64: a stream of numbers that a seed names.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end.max(1)
    }
}

/// A steady stream: every call is drawn in the same way.
#[derive(Debug, Clone)]
struct Stream {
    /// Least share of the bound that becomes tokens, and how much more it may be, in thousandths.
    share: (u64, u64),
    /// Usual answers, in tokens.
    usual: u64,
    /// One call in so many has an answer `far` times as long, a heavy tail.
    rare: u64,
    far: u64,
    limit: u64,
}

impl Stream {
    fn call(&self, dice: &mut Dice) -> SettledUse {
        // Sizes of all three classes, most of them small.
        let input_bytes = 1 + match dice.below(10) {
            0 => 32_768 + dice.below(200_000),
            1..=3 => 2_048 + dice.below(30_000),
            _ => dice.below(2_000),
        };
        let share = self.share.0 + dice.below(self.share.1);
        let tail = if dice.below(self.rare) == 0 { self.far } else { 1 };
        let output = (1 + dice.below(self.usual)) * tail;
        SettledUse {
            input_bytes,
            max_output_tokens: self.limit,
            used: Tokens {
                input: input_bytes * share / 1_000,
                output: output.min(self.limit),
            },
        }
    }
}

fn streams() -> impl Strategy<Value = Stream> {
    (
        (1..600_u64, 1..400_u64),
        1..2_000_u64,
        2..2_000_u64,
        1..50_u64,
        prop_oneof![Just(64_u64), Just(1_000), Just(4_096), Just(128_000)],
    )
        .prop_map(|(share, usual, rare, far, limit)| Stream {
            share,
            usual,
            rare,
            far,
            limit,
        })
}

fn covers(bound: Tokens, used: Tokens) -> bool {
    used.input <= bound.input && used.output <= bound.output
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each call is estimated before it is learned, over three generations.
    #[test]
    fn p99_covers_99_of_100_calls_of_a_steady_stream(stream in streams(), seed: u64) {
        let mut dice = Dice(seed);
        let mut ratios = LearnedRatios::default();
        let (mut calls, mut covered) = (0_u64, 0_u64);
        for _ in 0..3 * CALLS_PER_GENERATION {
            let call = stream.call(&mut dice);
            let estimate = ratios.estimate(&model(), call.input_bytes, call.max_output_tokens);
            for (part, whole) in [(estimate.likely, estimate.p99), (estimate.p99, estimate.hard_bound)] {
                prop_assert!(covers(whole, part), "seed {seed}: {estimate:?}");
            }
            prop_assert_eq!(estimate.hard_bound.input, call.input_bytes);
            prop_assert_eq!(estimate.hard_bound.output, call.max_output_tokens);
            calls += 1;
            covered += u64::from(covers(estimate.p99, call.used));
            ratios.learn(&model(), &call);
        }
        prop_assert!(covered * 100 >= calls * 99, "seed {seed}: {covered} of {calls}");
    }

    #[test]
    fn no_estimate_is_above_the_bound(
        seen in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()), 0..50),
        times in 1..60_usize,
        input_bytes: u64,
        max_output_tokens: u64,
    ) {
        let mut ratios = LearnedRatios::default();
        for (bytes, limit, input, output) in seen {
            let used = Tokens { input, output };
            for _ in 0..times {
                ratios.learn(&model(), &SettledUse { input_bytes: bytes, max_output_tokens: limit, used });
            }
        }
        let estimate = ratios.estimate(&model(), input_bytes, max_output_tokens);
        prop_assert!(covers(estimate.hard_bound, estimate.p99));
        prop_assert!(covers(estimate.p99, estimate.likely));
    }

    /// What two gateways learned adds up in the store to what one would have learned.
    #[test]
    fn gateways_add_up(stream in streams(), seed: u64, calls in 1..3_000_usize) {
        let mut dice = Dice(seed);
        let mut alone = LearnedRatios::default();
        let mut two = [LearnedRatios::default(), LearnedRatios::default()];
        let mut saved = Vec::new();
        for turn in 0..calls {
            let call = stream.call(&mut dice);
            alone.learn(&model(), &call);
            let gateway = &mut two[usize::from(dice.below(2) == 0)];
            gateway.learn(&model(), &call);
            if turn % 7 == 0 {
                let lost = gateway.take_unsaved();
                gateway.put_back(&lost);
            }
            if turn % 11 == 0 {
                saved.extend(gateway.take_unsaved());
            }
        }
        let mut third = LearnedRatios::default();
        saved.extend(two[0].take_unsaved());
        two[1].load(&saved);
        saved.extend(two[1].take_unsaved());
        third.load(&saved);
        for bytes in [100, 10_000, 100_000] {
            let expected = alone.estimate(&model(), bytes, 4_096);
            prop_assert_eq!(two[1].estimate(&model(), bytes, 4_096), expected);
            prop_assert_eq!(third.estimate(&model(), bytes, 4_096), expected);
        }
    }
}

fn learn(ratios: &mut LearnedRatios, calls: u64, used: Tokens) {
    let settled = SettledUse {
        input_bytes: 1_000,
        max_output_tokens: 4_096,
        used,
    };
    for _ in 0..calls {
        ratios.learn(&model(), &settled);
    }
}

#[test]
fn a_learned_ratio_is_far_below_the_bound_and_close_to_the_truth() {
    let mut ratios = LearnedRatios::default();
    let used = Tokens {
        input: 250,
        output: 100,
    };
    learn(&mut ratios, 799, used);
    let estimate = ratios.estimate(&model(), 1_000, 4_096);
    assert!(!estimate.is_learned(), "{estimate:?}");
    learn(&mut ratios, 1, used);
    let estimate = ratios.estimate(&model(), 1_000, 4_096);
    assert_eq!(
        estimate.p99,
        Tokens {
            input: 250,
            output: 103
        }
    );
    // A dollar per million tokens in, ten out: at most 1,280 micro-dollars against 41,960.
    let row = PriceRow::from_prices(
        "config:test/m",
        [1_000_000, 1_000_000, 1_000_000, 1_000_000, 10_000_000, 10_000_000],
        None,
    );
    assert_eq!(estimate.p99.most_nanousd(&row).0, 250_000 + 1_030_000);
    assert_eq!(estimate.hard_bound.most_nanousd(&row).0, 1_000_000 + 40_960_000);
    // Another size and another model know nothing of it.
    assert!(!ratios.estimate(&model(), 5_000, 4_096).is_learned());
    let other = ModelRef {
        model: "other".to_owned(),
        ..model()
    };
    assert!(!ratios.estimate(&other, 1_000, 4_096).is_learned());
}

#[test]
fn a_model_that_changes_is_learned_anew() {
    let mut ratios = LearnedRatios::default();
    let short = Tokens {
        input: 200,
        output: 100,
    };
    let long = Tokens {
        input: 400,
        output: 2_000,
    };
    learn(&mut ratios, 2 * CALLS_PER_GENERATION, short);
    let before = ratios.estimate(&model(), 1_000, 4_096);
    // One call in a hundred is enough for the careful estimate to follow at once.
    learn(&mut ratios, CALLS_PER_GENERATION / 50, long);
    let between = ratios.estimate(&model(), 1_000, 4_096);
    learn(&mut ratios, 2 * CALLS_PER_GENERATION, long);
    let after = ratios.estimate(&model(), 1_000, 4_096);
    assert!(
        before.p99.output < 110 && before.likely == before.p99,
        "{before:?}"
    );
    assert!(
        between.p99.output >= 2_000 && between.likely.output < 110,
        "{between:?}"
    );
    assert!(after.likely.output >= 2_000, "{after:?}");
}

#[test]
fn answers_that_stop_at_their_limit_do_not_teach_a_length() {
    let mut ratios = LearnedRatios::default();
    let settled = SettledUse {
        input_bytes: 1_000,
        max_output_tokens: 64,
        used: Tokens {
            input: 250,
            output: 64,
        },
    };
    for _ in 0..2_000 {
        ratios.learn(&model(), &settled);
    }
    let estimate = ratios.estimate(&model(), 1_000, 4_096);
    assert_eq!((estimate.p99.input, estimate.p99.output), (250, 4_096));
}
