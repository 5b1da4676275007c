//! `caps.save`: creates a cap or replaces the version named. What was spent stays.

use super::{KIND, state};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError, NanoUsd,
    command::caps::CapsSave,
    model::cap::{Cap, CapState},
};
use weir_engine::budget::period::period_bounds;

/// The largest limit, as on the page: whole cents up to here survive its JavaScript numbers to the last digit.
const LARGEST_LIMIT: NanoUsd = NanoUsd(1_000_000_000 * NanoUsd::PER_USD);

/// Saves the cap and applies it at once.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: CapsSave) -> Result<CapState, ApiError> {
    validate(&command.cap, admin.clock.now_ms())?;
    let version = config::save(
        admin,
        KIND,
        &command.cap.name,
        &command.cap,
        command.expected_version,
    )
    .await?;
    state::read(admin, command.cap, version).await
}

pub(super) fn validate(cap: &Cap, now_ms: i64) -> Result<(), ApiError> {
    check::name("cap.name", &cap.name)?;
    if cap.limit_nanousd <= NanoUsd::ZERO {
        return Err(ApiError::invalid(
            "cap.limit_nanousd: must be more than 0; to stop all spending, refuse at the smallest amount, 1",
        ));
    }
    if cap.limit_nanousd > LARGEST_LIMIT {
        return Err(ApiError::invalid(format!(
            "cap.limit_nanousd: at most {LARGEST_LIMIT}"
        )));
    }
    cap.check()
        .map_err(|problem| ApiError::invalid(format!("cap.{problem}")))?;
    period_bounds(cap.period, &cap.time_zone, now_ms).map_err(state::no_period)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cap, NanoUsd, validate};
    use weir_contract::model::{
        cap::{CapAction, CapPeriod, CapScope, CapStep, CapSubject},
        tier::Tier,
    };

    fn cap() -> Cap {
        Cap {
            name: "global-daily".into(),
            scope: CapScope::Global,
            period: CapPeriod::Day,
            time_zone: "Europe/Berlin".into(),
            limit_nanousd: NanoUsd(10 * NanoUsd::PER_USD),
            steps: CapStep::tell_and_refuse(80),
            enabled: true,
            manner: weir_contract::model::cap::CapManner::default(),
        }
    }

    fn complaint(change: fn(&mut Cap)) -> String {
        let mut wrong = cap();
        change(&mut wrong);
        validate(&wrong, 1_790_000_000_000).unwrap_err().message
    }

    #[test]
    fn a_sound_cap_passes() {
        assert!(validate(&cap(), 1_790_000_000_000).is_ok());
        let tier = Cap {
            scope: CapScope::tier(Tier::T3),
            ..cap()
        };
        assert!(validate(&tier, 1_790_000_000_000).is_ok());
        let each = Cap {
            scope: CapScope::Each(CapSubject::User),
            period: CapPeriod::RollingHours(24),
            steps: vec![
                CapStep::at(60, CapAction::StepDown),
                CapStep::at(100, CapAction::Refuse),
            ],
            ..cap()
        };
        assert!(validate(&each, 1_790_000_000_000).is_ok());
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert!(complaint(|cap| cap.name = "Global".into()).starts_with("cap.name"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(0)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(-1)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(i64::MAX)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.steps[0].percent = 0).starts_with("cap.steps: 0 is not"));
        assert!(complaint(|cap| cap.steps.clear()).starts_with("cap.steps"));
        assert!(complaint(|cap| cap.period = CapPeriod::RollingHours(0)).starts_with("cap.period"));
        assert!(complaint(|cap| cap.time_zone = "Europe/Atlantis".into()).contains("Europe/Atlantis"));
        let steered = |cap: &mut Cap| {
            cap.scope = CapScope::tier(Tier::T3);
            cap.steps[0].action = CapAction::CloseTopTier;
        };
        assert!(complaint(steered).starts_with("cap.steps: the cap of a tier can notify and refuse"));
    }
}
