//! The page's commands on all gateways of the database.

use crate::asking::Asking;
use weir_contract::{ApiError, command::gateways::GatewaysList, model::gateway::GatewayFleet};

/// `gateways.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn gateways_list(asking: Asking, args: GatewaysList) -> Result<GatewayFleet, ApiError> {
    asking.call(args).await
}
