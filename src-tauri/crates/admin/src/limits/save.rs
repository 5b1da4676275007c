//! `limits.save`: creates a limit or replaces the version named. What was counted stays.

use super::{KIND, list::state};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError,
    command::limits::LimitsSave,
    model::limit::{EndpointClass, Limit, LimitMeasure, LimitState},
};

/// More than any caller sends; a larger number is a mistake, and would overflow where sums are made.
const MOST: i64 = 1_000_000_000_000_000;

/// Saves the limit and applies it at once.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: LimitsSave) -> Result<LimitState, ApiError> {
    validate(&command.limit)?;
    let version = config::save(
        admin,
        KIND,
        &command.limit.name,
        &command.limit,
        command.expected_version,
    )
    .await?;
    state(admin, command.limit, version).await
}

/// Checks what the type cannot say.
pub(super) fn validate(limit: &Limit) -> Result<(), ApiError> {
    check::name("limit.name", &limit.name)?;
    if !(1..=MOST).contains(&limit.most) {
        return Err(ApiError::invalid(format!(
            "limit.most: {} is not between 1 and {MOST}; to keep a caller out, revoke its key",
            limit.most
        )));
    }
    if !(1..=86_400).contains(&limit.window_seconds) {
        return Err(ApiError::invalid(format!(
            "limit.window_seconds: {} is not between 1 and 86400 (one day)",
            limit.window_seconds
        )));
    }
    let bought = matches!(limit.measure, LimitMeasure::Tokens | LimitMeasure::Dollars);
    if bought && limit.endpoint_class == EndpointClass::Reads {
        return Err(ApiError::invalid(
            "limit.measure: reads use no tokens and no dollars; measure requests, or choose model_calls",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{EndpointClass, Limit, LimitMeasure, validate};
    use weir_contract::model::limit::LimitSubject;

    fn limit(most: i64, window_seconds: u32) -> Limit {
        Limit {
            name: "key-per-minute".into(),
            subject: LimitSubject::Key,
            measure: LimitMeasure::Requests,
            endpoint_class: EndpointClass::ModelCalls,
            most,
            window_seconds,
            enabled: true,
            shadow: false,
        }
    }

    #[test]
    fn bounds_hold() {
        let said = |limit: Limit| validate(&limit).unwrap_err().message;
        assert!(validate(&limit(1, 1)).is_ok());
        assert!(validate(&limit(1_000_000_000_000, 86_400)).is_ok());
        assert!(said(limit(0, 60)).starts_with("limit.most"));
        assert!(said(limit(i64::MAX, 60)).starts_with("limit.most"));
        assert!(said(limit(5, 0)).starts_with("limit.window_seconds"));
        assert!(said(limit(5, 86_401)).starts_with("limit.window_seconds"));
        let unnamed = Limit {
            name: String::new(),
            ..limit(5, 60)
        };
        assert!(said(unnamed).starts_with("limit.name"));
        let senseless = Limit {
            measure: LimitMeasure::Tokens,
            endpoint_class: EndpointClass::Reads,
            ..limit(5, 60)
        };
        assert!(said(senseless).starts_with("limit.measure"));
    }
}
