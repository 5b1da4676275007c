//! The page's commands on budget caps.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::caps::{CapsDelete, CapsList, CapsSave, CapsSimulate},
    model::cap::{CapSimulation, CapState},
};

/// `caps.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_list(profile: State<'_, Profile>, args: CapsList) -> Result<Vec<CapState>, ApiError> {
    profile.call(args).await
}

/// `caps.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_save(profile: State<'_, Profile>, args: CapsSave) -> Result<CapState, ApiError> {
    profile.call(args).await
}

/// `caps.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_delete(profile: State<'_, Profile>, args: CapsDelete) -> Result<(), ApiError> {
    profile.call(args).await
}

/// `caps.simulate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_simulate(
    profile: State<'_, Profile>,
    args: CapsSimulate,
) -> Result<CapSimulation, ApiError> {
    profile.call(args).await
}
