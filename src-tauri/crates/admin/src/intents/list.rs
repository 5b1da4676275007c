//! `intents.list`: the intents as they are configured.

use crate::{Admin, offline::not_running};
use weir_contract::{ApiError, command::providers::IntentsList, model::catalog::IntentState};

/// The intents, in the order of the configuration.
///
/// # Errors
/// `Unavailable` when no engine runs in this process.
pub async fn list(admin: &Admin, _command: IntentsList) -> Result<Vec<IntentState>, ApiError> {
    if !admin.live.is_running() {
        return Err(not_running("Listing the intents"));
    }
    Ok(admin.live.intents())
}
