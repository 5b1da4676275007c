//! `caps.save`: creates a cap or replaces the version named. What was spent stays.

use super::{KIND, state};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError, NanoUsd,
    command::caps::CapsSave,
    model::cap::{Cap, CapAction, CapScope, CapState},
};
use weir_engine::budget::period::period_bounds;

/// The largest limit: sums of a few calls more still fit into an `i64`.
const LARGEST_LIMIT: NanoUsd = NanoUsd(9_000_000_000_000_000_000);

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

fn validate(cap: &Cap, now_ms: i64) -> Result<(), ApiError> {
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
    if !(1..=100).contains(&cap.alert_percent) {
        return Err(ApiError::invalid(format!(
            "cap.alert_percent: {} is not between 1 and 100",
            cap.alert_percent
        )));
    }
    match (&cap.scope, cap.action) {
        (CapScope::Global, CapAction::CloseTier) => {
            return Err(ApiError::invalid(
                "cap.action: a global cap has no tier to close; use \"refuse\", or make it a cap of one tier",
            ));
        }
        (CapScope::Global, CapAction::Refuse) | (CapScope::Tier(_), _) => {}
    }
    period_bounds(cap.period, &cap.time_zone, now_ms).map_err(state::no_period)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Cap, CapAction, CapScope, NanoUsd, validate};
    use weir_contract::model::{cap::CapPeriod, tier::Tier};

    fn cap() -> Cap {
        Cap {
            name: "global-daily".into(),
            scope: CapScope::Global,
            period: CapPeriod::Day,
            time_zone: "Europe/Berlin".into(),
            limit_nanousd: NanoUsd(10 * NanoUsd::PER_USD),
            action: CapAction::Refuse,
            alert_percent: 80,
            enabled: true,
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
            scope: CapScope::Tier(Tier::T3),
            action: CapAction::CloseTier,
            ..cap()
        };
        assert!(validate(&tier, 1_790_000_000_000).is_ok());
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert!(complaint(|cap| cap.name = "Global".into()).starts_with("cap.name"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(0)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(-1)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.limit_nanousd = NanoUsd(i64::MAX)).starts_with("cap.limit_nanousd"));
        assert!(complaint(|cap| cap.alert_percent = 0).starts_with("cap.alert_percent"));
        assert!(complaint(|cap| cap.alert_percent = 101).starts_with("cap.alert_percent"));
        assert!(complaint(|cap| cap.time_zone = "Europe/Atlantis".into()).contains("Europe/Atlantis"));
        assert!(complaint(|cap| cap.action = CapAction::CloseTier).starts_with("cap.action"));
    }
}
