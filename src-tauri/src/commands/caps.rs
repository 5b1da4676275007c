//! The page's commands on budget caps.

use crate::asking::Asking;
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
pub async fn caps_list(asking: Asking, args: CapsList) -> Result<Vec<CapState>, ApiError> {
    asking.call(args).await
}

/// `caps.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_save(asking: Asking, args: CapsSave) -> Result<CapState, ApiError> {
    asking.call(args).await
}

/// `caps.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_delete(asking: Asking, args: CapsDelete) -> Result<(), ApiError> {
    asking.call(args).await
}

/// `caps.simulate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn caps_simulate(asking: Asking, args: CapsSimulate) -> Result<CapSimulation, ApiError> {
    asking.call(args).await
}
