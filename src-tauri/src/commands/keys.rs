//! The page's commands on virtual keys.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::keys::{CreatedKey, KeysCreate, KeysEndOverlap, KeysList, KeysRevoke, KeysRotate, KeysUpdate},
    model::key::{KeyState, VirtualKey},
};

/// `keys.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_list(profile: State<'_, Profile>, args: KeysList) -> Result<Vec<KeyState>, ApiError> {
    profile.call(args).await
}

/// `keys.create`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_create(profile: State<'_, Profile>, args: KeysCreate) -> Result<CreatedKey, ApiError> {
    profile.call(args).await
}

/// `keys.revoke`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_revoke(profile: State<'_, Profile>, args: KeysRevoke) -> Result<VirtualKey, ApiError> {
    profile.call(args).await
}

/// `keys.update`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_update(profile: State<'_, Profile>, args: KeysUpdate) -> Result<VirtualKey, ApiError> {
    profile.call(args).await
}

/// `keys.rotate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_rotate(profile: State<'_, Profile>, args: KeysRotate) -> Result<CreatedKey, ApiError> {
    profile.call(args).await
}

/// `keys.end_overlap`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_end_overlap(
    profile: State<'_, Profile>,
    args: KeysEndOverlap,
) -> Result<VirtualKey, ApiError> {
    profile.call(args).await
}
