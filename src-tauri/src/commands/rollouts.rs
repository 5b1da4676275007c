//! The page's commands on rollouts.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::rollouts::{RolloutsDelete, RolloutsList, RolloutsSave},
    model::rollout::RolloutState,
};

/// `rollouts.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn rollouts_list(asking: Asking, args: RolloutsList) -> Result<Vec<RolloutState>, ApiError> {
    asking.call(args).await
}

/// `rollouts.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn rollouts_save(asking: Asking, args: RolloutsSave) -> Result<RolloutState, ApiError> {
    asking.call(args).await
}

/// `rollouts.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn rollouts_delete(asking: Asking, args: RolloutsDelete) -> Result<(), ApiError> {
    asking.call(args).await
}
