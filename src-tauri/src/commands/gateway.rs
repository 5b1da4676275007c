//! The page's command on the gateway that runs in this process.

use crate::asking::Asking;
use weir_contract::{ApiError, command::gateway::GatewayStatusGet, model::gateway::GatewayStatus};

/// `gateway.status`.
///
/// # Errors
/// `no_profile` before one is opened.
#[tauri::command]
pub async fn gateway_status(asking: Asking, args: GatewayStatusGet) -> Result<GatewayStatus, ApiError> {
    let GatewayStatusGet {} = args;
    asking.status().await
}
