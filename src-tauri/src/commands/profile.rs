//! The page's command on the profile.

use crate::profile::Profile;
use tauri::{AppHandle, State};
use weir_contract::{ApiError, command::gateway::ProfileOpen, model::gateway::GatewayStatus};

/// `profile.open`.
///
/// # Errors
/// `unavailable` when its gateway cannot start.
#[tauri::command]
pub async fn profile_open(
    app: AppHandle,
    profile: State<'_, Profile>,
    args: ProfileOpen,
) -> Result<GatewayStatus, ApiError> {
    profile.open(&app, args.kind).await
}
