//! `alerts.delete`: removes a rule. What it raised stays in the history.

use super::KIND;
use crate::{Admin, config, from_store};
use weir_contract::{ApiError, command::alerts::AlertsDelete, model::alert::SnoozeOf};
use weir_engine::store::Snooze;

/// Removes the version named.
///
/// # Errors
/// `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: AlertsDelete) -> Result<(), ApiError> {
    config::delete(admin, KIND, &command.name, command.expected_version).await?;
    forget_snooze(admin, SnoozeOf::Rule, command.name).await
}

/// A later rule or channel of the same name must not be quiet because this one was.
pub(crate) async fn forget_snooze(admin: &Admin, of: SnoozeOf, name: String) -> Result<(), ApiError> {
    let over = Snooze {
        of,
        name,
        until_ms: 0,
    };
    admin
        .store
        .set_snooze(over, &admin.act())
        .await
        .map_err(from_store)
}
