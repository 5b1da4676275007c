//! `limits.save`: creates a limit or replaces the version named. What was counted stays.

use super::{KIND, list::state};
use crate::{Admin, check, config};
use weir_contract::{
    ApiError,
    command::limits::LimitsSave,
    model::limit::{Limit, LimitState},
};

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
    Ok(state(admin, command.limit, version))
}

fn validate(limit: &Limit) -> Result<(), ApiError> {
    check::name("limit.name", &limit.name)?;
    if !(1..=1_000_000).contains(&limit.max_requests) {
        return Err(ApiError::invalid(format!(
            "limit.max_requests: {} is not between 1 and 1000000; to keep a caller out, revoke its key",
            limit.max_requests
        )));
    }
    if !(1..=86_400).contains(&limit.window_seconds) {
        return Err(ApiError::invalid(format!(
            "limit.window_seconds: {} is not between 1 and 86400 (one day)",
            limit.window_seconds
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Limit, validate};
    use weir_contract::model::limit::LimitSubject;

    fn limit(max_requests: u32, window_seconds: u32) -> Limit {
        Limit {
            name: "key-per-minute".into(),
            subject: LimitSubject::Key,
            max_requests,
            window_seconds,
            enabled: true,
        }
    }

    #[test]
    fn bounds_hold() {
        assert!(validate(&limit(1, 1)).is_ok());
        assert!(validate(&limit(1_000_000, 86_400)).is_ok());
        assert!(
            validate(&limit(0, 60))
                .unwrap_err()
                .message
                .starts_with("limit.max_requests")
        );
        assert!(
            validate(&limit(5, 0))
                .unwrap_err()
                .message
                .starts_with("limit.window_seconds")
        );
        assert!(
            validate(&limit(5, 86_401))
                .unwrap_err()
                .message
                .starts_with("limit.window_seconds")
        );
        let unnamed = Limit {
            name: String::new(),
            ..limit(5, 60)
        };
        assert!(validate(&unnamed).unwrap_err().message.starts_with("limit.name"));
    }
}
