//! The page's command on the profile.

use crate::asking::Asking;
use tauri::AppHandle;
use weir_contract::{ApiError, command::gateway::ProfileOpen, model::gateway::GatewayStatus};

/// `profile.open`.
///
/// # Errors
/// `unavailable` when its gateway cannot start.
#[tauri::command]
pub async fn profile_open(
    app: AppHandle,
    asking: Asking,
    args: ProfileOpen,
) -> Result<GatewayStatus, ApiError> {
    asking.local()?.open(&app, args.kind).await
}
