//! `limits.delete`: removes a limit.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{ApiError, command::limits::LimitsDelete};

/// Removes the version named.
///
/// # Errors
/// `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: LimitsDelete) -> Result<(), ApiError> {
    config::delete(admin, KIND, &command.name, command.expected_version).await
}
