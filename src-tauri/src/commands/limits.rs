//! The page's commands on rate limits.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::limits::{LimitsDelete, LimitsList, LimitsSave, LimitsSimulate},
    model::limit::{LimitSimulation, LimitState},
};

/// `limits.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_list(profile: State<'_, Profile>, args: LimitsList) -> Result<Vec<LimitState>, ApiError> {
    profile.call(args).await
}

/// `limits.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_save(profile: State<'_, Profile>, args: LimitsSave) -> Result<LimitState, ApiError> {
    profile.call(args).await
}

/// `limits.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_delete(profile: State<'_, Profile>, args: LimitsDelete) -> Result<(), ApiError> {
    profile.call(args).await
}

/// `limits.simulate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_simulate(
    profile: State<'_, Profile>,
    args: LimitsSimulate,
) -> Result<LimitSimulation, ApiError> {
    profile.call(args).await
}
