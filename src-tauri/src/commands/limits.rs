//! The page's commands on rate limits.

use crate::asking::Asking;
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
pub async fn limits_list(asking: Asking, args: LimitsList) -> Result<Vec<LimitState>, ApiError> {
    asking.call(args).await
}

/// `limits.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_save(asking: Asking, args: LimitsSave) -> Result<LimitState, ApiError> {
    asking.call(args).await
}

/// `limits.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_delete(asking: Asking, args: LimitsDelete) -> Result<(), ApiError> {
    asking.call(args).await
}

/// `limits.simulate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn limits_simulate(asking: Asking, args: LimitsSimulate) -> Result<LimitSimulation, ApiError> {
    asking.call(args).await
}
