//! What the rollouts change for one call: the variants it takes part in, and the sum of their changes. Pure.

use super::assign::gets_new_variant;
use weir_contract::model::{
    rollout::{Rollout, VariantChange},
    tier::Tier,
};

/// The sum of all changes that apply to a call. Where two rollouts change the same thing, the one first by name wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// `rollout=new` or `rollout=old`, for every rollout that concerns the call.
    pub variants: Vec<String>,
    pub change: VariantChange,
}

/// Works out the effect for one caller. `unit` is the user, or the key when no user is named.
#[must_use]
pub fn effect_of(rollouts: &[Rollout], unit: &str, intent: &str) -> Effect {
    let mut effect = Effect::default();
    let mut active: Vec<&Rollout> = rollouts.iter().filter(|rollout| rollout.enabled).collect();
    active.sort_by(|one, other| one.name.cmp(&other.name));
    for rollout in active {
        if rollout
            .change
            .intent
            .as_deref()
            .is_some_and(|wanted| wanted != intent)
        {
            continue;
        }
        let chosen = gets_new_variant(rollout, unit);
        effect
            .variants
            .push(format!("{}={}", rollout.name, if chosen { "new" } else { "old" }));
        if chosen {
            merge(&mut effect.change, &rollout.change);
        }
    }
    effect
}

fn merge(sum: &mut VariantChange, change: &VariantChange) {
    sum.model = sum.model.take().or_else(|| change.model.clone());
    sum.system_prefix = sum.system_prefix.take().or_else(|| change.system_prefix.clone());
    sum.lowest_tier = sum.lowest_tier.or(change.lowest_tier);
    sum.highest_tier = sum.highest_tier.or(change.highest_tier);
    sum.cache = sum.cache.or(change.cache);
    sum.cache_ttl_seconds = sum.cache_ttl_seconds.or(change.cache_ttl_seconds);
}

/// The tiers after a change: a variant may move either end, and the ends never cross.
#[must_use]
pub fn ladder_of(lowest: Tier, highest: Tier, change: &VariantChange) -> (Tier, Tier) {
    let lowest = change.lowest_tier.unwrap_or(lowest);
    let highest = change.highest_tier.unwrap_or(highest);
    (lowest.min(highest), highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(name: &str, basis_points: u16, model: &str) -> Rollout {
        Rollout {
            name: name.into(),
            description: String::new(),
            basis_points,
            enabled: true,
            change: VariantChange {
                model: Some(model.into()),
                ..VariantChange::default()
            },
        }
    }

    #[test]
    fn everybody_at_a_hundred_percent_and_nobody_at_zero() {
        let rollouts = [
            rollout("b", 10_000, "second"),
            rollout("a", 10_000, "first"),
            rollout("c", 0, "never"),
        ];
        let effect = effect_of(&rollouts, "ann", "general");
        assert_eq!(effect.variants, ["a=new", "b=new", "c=old"]);
        assert_eq!(
            effect.change.model.as_deref(),
            Some("first"),
            "the first by name wins"
        );
    }

    #[test]
    fn a_rollout_for_one_intent_leaves_the_others_alone() {
        let mut only = rollout("a", 10_000, "m");
        only.change.intent = Some("translate".into());
        assert_eq!(effect_of(&[only], "ann", "general"), Effect::default());
    }
}
