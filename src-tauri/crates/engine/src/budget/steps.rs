//! Which steps of a cap act at what is spent and reserved. Pure.

use weir_contract::{NanoUsd, model::cap::CapStep};

/// The steps that act when so much of the limit is used, in the order of their percentages. Every step of a limit of nothing
/// acts.
#[must_use]
pub fn steps_in_force(steps: &[CapStep], used: NanoUsd, limit: NanoUsd) -> Vec<CapStep> {
    let reached = |step: &&CapStep| {
        i128::from(used.0.max(0)) * 100 >= i128::from(limit.0.max(0)) * i128::from(step.percent)
    };
    let mut acting: Vec<CapStep> = steps.iter().filter(reached).copied().collect();
    acting.sort_unstable();
    acting
}

/// The smallest use at which a step of so many percent acts.
#[must_use]
pub fn acts_from(percent: u8, limit: NanoUsd) -> NanoUsd {
    let hundredths = i128::from(limit.0.max(0)) * i128::from(percent);
    NanoUsd(i64::try_from((hundredths + 99) / 100).unwrap_or(i64::MAX))
}

/// How much of the limit is used, in whole percent rounded down, for sentences.
#[must_use]
pub fn percent_used(used: NanoUsd, limit: NanoUsd) -> i128 {
    i128::from(used.0.max(0)) * 100 / i128::from(limit.0.max(1))
}

#[cfg(test)]
mod tests {
    use super::{acts_from, percent_used, steps_in_force};
    use proptest::prelude::*;
    use weir_contract::{
        NanoUsd,
        model::cap::{Cap, CapAction, CapPeriod, CapScope, CapStep},
    };

    fn some_steps() -> impl Strategy<Value = Vec<CapStep>> {
        let action = prop::sample::select(CapAction::ALL.as_slice());
        let step = (1..=100_u8, action).prop_map(|(percent, action)| CapStep::at(percent, action));
        prop::collection::vec(step, 0..10)
    }

    fn amounts() -> impl Strategy<Value = i64> {
        prop_oneof![0..2_000_i64, 0..i64::MAX, Just(i64::MAX)]
    }

    #[test]
    fn steps_act_from_their_share_on() {
        let steps = [
            CapStep::at(100, CapAction::Refuse),
            CapStep::at(80, CapAction::Notify),
        ];
        let acting = |used| steps_in_force(&steps, NanoUsd(used), NanoUsd(1_001)).len();
        assert_eq!(
            (acting(800), acting(801), acting(1_000), acting(1_001)),
            (0, 1, 1, 2)
        );
        assert_eq!(steps_in_force(&steps, NanoUsd(0), NanoUsd(0)).len(), 2);
        assert_eq!(
            percent_used(NanoUsd(i64::MAX), NanoUsd(0)),
            i128::from(i64::MAX) * 100
        );
    }

    proptest! {
            #![proptest_config(ProptestConfig::with_cases(5_000))]

            /// What acts at some use acts at every larger one, and at every lower limit.
            #[test]
            fn more_use_never_lifts_a_step(steps in some_steps(), limit in amounts(), used in prop::array::uniform2(amounts())) {
                let (less, more) = (used[0].min(used[1]), used[0].max(used[1]));
                let before = steps_in_force(&steps, NanoUsd(less), NanoUsd(limit));
                for (used, limit) in [(more, limit), (less, limit / 2)] {
                    let after = steps_in_force(&steps, NanoUsd(used), NanoUsd(limit));
                    prop_assert!(before.iter().all(|step| after.contains(step)));
                }
                for step in &steps {
                    let acts = before.contains(step);
                    prop_assert_eq!(acts, NanoUsd(less) >= acts_from(step.percent, NanoUsd(limit)));
                }
            }

            /// Whoever buys only what the cap's bound has room for is never past the share at which it refuses, and once that
            /// share is reached nothing more is bought.
            #[test]
            fn a_cap_that_refuses_is_never_passed(
                percent in 1..=100_u8,
                limit in prop_oneof![0..3_000_i64, Just(i64::MAX)],
                needs in prop::collection::vec(0..500_i64, 0..60),
            ) {
                let cap = Cap {
                    name: "c".into(),
                    scope: CapScope::Global,
                    period: CapPeriod::Day,
                    time_zone: "UTC".into(),
                    limit_nanousd: NanoUsd(limit),
                    steps: vec![CapStep::at(percent, CapAction::Refuse)],
                    enabled: true,
    manner: weir_contract::model::cap::CapManner::default(),
                };
                let bound = cap.refuses_at().unwrap().0;
                let mut used = 0_i64;
                for need in needs {
                    let refuses = !steps_in_force(&cap.steps, NanoUsd(used), cap.limit_nanousd).is_empty();
                    if used + need <= bound {
                        prop_assert!(!refuses || need == 0);
                        used += need;
                    }
                    prop_assert!(i128::from(used) * 100 <= i128::from(limit) * i128::from(percent));
                    prop_assert!(used <= limit);
                }
            }
        }
}
