//! `alerts.history`: what was raised and how its deliveries went.

use crate::{Admin, check, from_store};
use weir_contract::{ApiError, command::alerts::AlertsHistory, model::alert::AlertEvent};

/// A page of it, newest first.
///
/// # Errors
/// `InvalidArgument` for the size of the page, failures of the database.
pub async fn history(admin: &Admin, command: AlertsHistory) -> Result<Vec<AlertEvent>, ApiError> {
    check::page_size(command.limit)?;
    admin
        .store
        .alert_history(command.before_id, command.limit)
        .await
        .map_err(from_store)
}
