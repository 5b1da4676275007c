//! `rollouts.delete`: removes a rollout; everybody gets the old behaviour.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{ApiError, command::rollouts::RolloutsDelete};

/// Removes the version named.
///
/// # Errors
/// `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: RolloutsDelete) -> Result<(), ApiError> {
    config::delete(admin, KIND, &command.name, command.expected_version).await
}
