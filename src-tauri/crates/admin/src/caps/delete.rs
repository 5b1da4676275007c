//! `caps.delete`: removes a cap. What was spent stays in the ledger.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{ApiError, command::caps::CapsDelete};

/// Removes the version named.
///
/// # Errors
/// `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: CapsDelete) -> Result<(), ApiError> {
    config::delete(admin, KIND, &command.name, command.expected_version).await
}
