//! `alerts.delete`: removes a rule. What it raised stays in the history.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{ApiError, command::alerts::AlertsDelete};

/// Removes the version named.
///
/// # Errors
/// `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: AlertsDelete) -> Result<(), ApiError> {
    config::delete(admin, KIND, &command.name, command.expected_version).await
}
