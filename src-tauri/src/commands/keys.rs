//! The page's commands on virtual keys.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::keys::{CreatedKey, KeysCreate, KeysList, KeysRevoke},
    model::key::VirtualKey,
};

/// `keys.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_list(profile: State<'_, Profile>, args: KeysList) -> Result<Vec<VirtualKey>, ApiError> {
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
