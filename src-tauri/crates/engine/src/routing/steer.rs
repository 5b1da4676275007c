//! What the steps of caps make of a call before a model is chosen: which tiers it may still use. Pure.

use super::plan::Target;
use crate::settings::Settings;
use weir_contract::model::{
    cap::{CapAction, CapStep},
    tier::Tier,
};

/// What the acting steps of all caps ask for together. Where several step down, the one that does so most decides; were they
/// added up, one expensive day would empty the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steering {
    pub tiers_down: u8,
    pub close_top: bool,
    pub cache_only: bool,
}

impl Steering {
    /// What the acting steps of one cap ask for.
    #[must_use]
    pub fn of(acting: &[CapStep]) -> Steering {
        let has = |action| acting.iter().any(|step| step.action == action);
        let down = acting.iter().filter(|step| step.action == CapAction::StepDown);
        Steering {
            tiers_down: u8::try_from(down.count()).unwrap_or(u8::MAX),
            close_top: has(CapAction::CloseTopTier),
            cache_only: has(CapAction::CacheOnly),
        }
    }
    /// Both together.
    #[must_use]
    pub fn and(self, other: Steering) -> Steering {
        Steering {
            tiers_down: self.tiers_down.max(other.tiers_down),
            close_top: self.close_top || other.close_top,
            cache_only: self.cache_only || other.cache_only,
        }
    }
}

/// The target that is left of one; none when nothing is.
///
/// Stepping down moves both ends of an `auto` call's tiers, since it uses the lowest of them that will do. Tiers without
/// models are no step. A model that the client named is served as named, unless it is of the closed tier.
#[must_use]
pub fn steered(settings: &Settings, target: &Target, steering: Steering) -> Option<Target> {
    let closed = settings.top_tier().filter(|_| steering.close_top);
    match target {
        Target::Named(model) => {
            let is_closed = closed.is_some() && settings.tier_of(model) == closed;
            (!is_closed).then(|| target.clone())
        }
        Target::Auto { lowest, highest } => {
            let down = |tier: Tier| {
                let lower = |tier| settings.tier_below(tier).unwrap_or(tier);
                (0..steering.tiers_down).fold(tier, |tier, _| lower(tier))
            };
            let lowest = down(*lowest);
            let mut highest = down(*highest);
            if let Some(closed) = closed
                && highest >= closed
            {
                highest = settings.tier_below(closed).filter(|below| *below >= lowest)?;
            }
            Some(Target::Auto { lowest, highest })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Steering, steered};
    use crate::{
        routing::plan::Target,
        settings::{ModelRef, Settings, bare_settings},
    };
    use proptest::prelude::*;
    use weir_contract::model::{
        cap::{CapAction, CapStep},
        tier::Tier,
    };

    fn model(name: &str) -> ModelRef {
        ModelRef {
            provider: "p".into(),
            model: name.into(),
        }
    }

    /// A ladder with a model on each of these tiers.
    fn ladder(filled: [bool; 4]) -> Settings {
        let tiers = Tier::ALL.map(|tier| {
            let here = filled[tier as usize].then(|| model(tier.as_str()));
            here.into_iter().collect()
        });
        Settings {
            tiers,
            ..bare_settings()
        }
    }

    fn auto(lowest: Tier, highest: Tier) -> Target {
        Target::Auto { lowest, highest }
    }

    #[test]
    fn each_step_is_one_tier_lower_and_the_lowest_stays() {
        use Tier::{T0, T1, T2, T3};
        let settings = ladder([true; 4]);
        let down = |tiers_down, target| {
            let steering = Steering {
                tiers_down,
                ..Steering::default()
            };
            steered(&settings, &target, steering)
        };
        assert_eq!(down(1, auto(T1, T3)), Some(auto(T0, T2)));
        assert_eq!(down(2, auto(T3, T3)), Some(auto(T1, T1)));
        assert_eq!(down(3, auto(T1, T2)), Some(auto(T0, T0)));
        let named = Target::Named(model("T3"));
        assert_eq!(down(3, named.clone()), Some(named));
    }

    #[test]
    fn the_top_tier_closes_for_auto_and_for_its_models_by_name() {
        use Tier::{T0, T2, T3};
        let settings = ladder([true; 4]);
        let close = Steering {
            close_top: true,
            ..Steering::default()
        };
        assert_eq!(steered(&settings, &auto(T0, T3), close), Some(auto(T0, T2)));
        assert_eq!(steered(&settings, &auto(T3, T3), close), None);
        assert_eq!(steered(&settings, &Target::Named(model("T3")), close), None);
        let below = Target::Named(model("T2"));
        assert_eq!(steered(&settings, &below, close), Some(below));
        let stranger = Target::Named(model("unlisted"));
        assert_eq!(steered(&settings, &stranger, close), Some(stranger));
        // Where T3 is empty, T2 is the top; and one step down makes room below it.
        let short = ladder([true, true, true, false]);
        assert_eq!(steered(&short, &auto(T2, T3), close), None);
        let both = Steering {
            tiers_down: 1,
            ..close
        };
        assert!(steered(&short, &auto(T2, T3), both).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// More acting steps never lead to a higher tier, never open what was closed, and the ends never cross.
        #[test]
        fn more_steps_never_spend_more(
            filled in prop::array::uniform4(any::<bool>()),
            ends in prop::array::uniform2(0..4_usize),
            steps in prop::collection::vec(prop::sample::select(CapAction::ALL.as_slice()), 0..6),
            shown in 0..6_usize,
        ) {
            let settings = ladder(filled);
            let target = auto(Tier::ALL[ends[0].min(ends[1])], Tier::ALL[ends[0].max(ends[1])]);
            let steps: Vec<CapStep> = steps.into_iter().map(|action| CapStep::at(50, action)).collect();
            let fewer = Steering::of(&steps[..shown.min(steps.len())]);
            let more = Steering::of(&steps);
            prop_assert_eq!(fewer.and(more), more);
            let (before, after) = (steered(&settings, &target, fewer), steered(&settings, &target, more));
            prop_assert!(before.is_some() || after.is_none() || more.tiers_down > fewer.tiers_down);
            for found in [&before, &after].into_iter().flatten() {
                let Target::Auto { lowest, highest } = found else { panic!("auto stays auto") };
                prop_assert!(lowest <= highest);
            }
            if let (Some(Target::Auto { lowest: l0, highest: h0 }), Some(Target::Auto { lowest: l1, highest: h1 })) = (before, after) {
                prop_assert!(l1 <= l0 && h1 <= h0);
            }
        }
    }
}
