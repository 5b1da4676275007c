//! The page's command on the gateway that runs in this process.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{ApiError, command::gateway::GatewayStatusGet, model::gateway::GatewayStatus};

/// `gateway.status`.
///
/// # Errors
/// `no_profile` before one is opened.
#[tauri::command]
pub async fn gateway_status(
    profile: State<'_, Profile>,
    args: GatewayStatusGet,
) -> Result<GatewayStatus, ApiError> {
    let GatewayStatusGet {} = args;
    profile.status().await
}
