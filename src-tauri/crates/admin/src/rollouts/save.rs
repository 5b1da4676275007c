//! `rollouts.save`: creates a rollout or replaces the version named.

use super::{KIND, share::Shares};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError,
    command::rollouts::RolloutsSave,
    model::rollout::{Rollout, RolloutState, VariantChange},
};

/// Longest text put in front of a system prompt, in characters.
const LONGEST_PREFIX: usize = 16_000;
/// Thirty days, the longest that an answer is kept.
const LONGEST_TTL_SECONDS: u64 = 30 * 86_400;

/// Saves the rollout and applies it at once. Raising the percentage never moves anybody out of the new variant.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: RolloutsSave) -> Result<RolloutState, ApiError> {
    let rollout = command.rollout;
    validate(&rollout)?;
    if let Some(intent) = &rollout.change.intent
        && admin.live.is_running()
    {
        let intents = admin.live.intents();
        if !intents.iter().any(|known| known.name == *intent) {
            let known = check::listed(intents.iter().map(|known| known.name.as_str()));
            return Err(ApiError::invalid(format!(
                "rollout.change.intent: there is no intent {intent:?}; there are: {known}"
            )));
        }
    }
    let version = config::save(admin, KIND, &rollout.name, &rollout, command.expected_version).await?;
    Ok(Shares::read(admin).await?.state(rollout, version))
}

fn validate(rollout: &Rollout) -> Result<(), ApiError> {
    check::name("rollout.name", &rollout.name)?;
    check::line("rollout.description", &rollout.description, 500)?;
    if rollout.basis_points > 10_000 {
        return Err(ApiError::invalid(format!(
            "rollout.basis_points: {} is more than 10000, which is 100 %",
            rollout.basis_points
        )));
    }
    validate_change(&rollout.change)
}

fn validate_change(change: &VariantChange) -> Result<(), ApiError> {
    let empty = |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    for (field, text) in [("intent", &change.intent), ("model", &change.model)] {
        if empty(text) {
            return Err(ApiError::invalid(format!(
                "rollout.change.{field}: is empty; leave it out to change nothing"
            )));
        }
    }
    if let Some(model) = &change.model {
        check::line("rollout.change.model", model, 200)?;
    }
    if let (Some(lowest), Some(highest)) = (change.lowest_tier, change.highest_tier)
        && lowest > highest
    {
        return Err(ApiError::invalid(format!(
            "rollout.change.lowest_tier: {lowest} is above highest_tier {highest}, so no model would be left"
        )));
    }
    if change
        .system_prefix
        .as_ref()
        .is_some_and(|prefix| prefix.chars().count() > LONGEST_PREFIX)
    {
        return Err(ApiError::invalid(format!(
            "rollout.change.system_prefix: at most {LONGEST_PREFIX} characters"
        )));
    }
    if change
        .cache_ttl_seconds
        .is_some_and(|ttl| !(1..=LONGEST_TTL_SECONDS).contains(&ttl))
    {
        return Err(ApiError::invalid(format!(
            "rollout.change.cache_ttl_seconds: 1 to {LONGEST_TTL_SECONDS} (30 days)"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Rollout, VariantChange, validate};
    use weir_contract::model::tier::Tier;

    fn rollout() -> Rollout {
        Rollout {
            name: "cheap-model".into(),
            description: "Try the small model".into(),
            basis_points: 1_250,
            enabled: true,
            change: VariantChange {
                lowest_tier: Some(Tier::T0),
                highest_tier: Some(Tier::T1),
                ..VariantChange::default()
            },
        }
    }

    fn complaint(change: fn(&mut Rollout)) -> String {
        let mut wrong = rollout();
        change(&mut wrong);
        validate(&wrong).unwrap_err().message
    }

    #[test]
    fn sound_rollouts_pass() {
        assert!(validate(&rollout()).is_ok());
        assert!(
            validate(&Rollout {
                basis_points: 10_000,
                ..rollout()
            })
            .is_ok()
        );
        assert!(
            validate(&Rollout {
                basis_points: 0,
                change: VariantChange::default(),
                ..rollout()
            })
            .is_ok()
        );
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert!(complaint(|it| it.name = "a=b".into()).starts_with("rollout.name"));
        assert!(complaint(|it| it.basis_points = 10_001).starts_with("rollout.basis_points"));
        assert!(complaint(|it| it.description = "a\nb".into()).starts_with("rollout.description"));
        assert!(complaint(|it| it.change.model = Some(" ".into())).starts_with("rollout.change.model"));
        assert!(complaint(|it| it.change.intent = Some(String::new())).starts_with("rollout.change.intent"));
        assert!(
            complaint(|it| it.change.lowest_tier = Some(Tier::T2)).starts_with("rollout.change.lowest_tier")
        );
        assert!(
            complaint(|it| it.change.cache_ttl_seconds = Some(0))
                .starts_with("rollout.change.cache_ttl_seconds")
        );
        assert!(
            complaint(|it| it.change.system_prefix = Some("x".repeat(16_001)))
                .starts_with("rollout.change.system_prefix")
        );
    }
}
