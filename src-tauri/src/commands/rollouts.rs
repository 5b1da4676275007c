//! The page's commands on rollouts.

use crate::profile::Profile;
use tauri::State;
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
pub async fn rollouts_list(
    profile: State<'_, Profile>,
    args: RolloutsList,
) -> Result<Vec<RolloutState>, ApiError> {
    profile.call(args).await
}

/// `rollouts.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn rollouts_save(
    profile: State<'_, Profile>,
    args: RolloutsSave,
) -> Result<RolloutState, ApiError> {
    profile.call(args).await
}

/// `rollouts.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn rollouts_delete(profile: State<'_, Profile>, args: RolloutsDelete) -> Result<(), ApiError> {
    profile.call(args).await
}
