//! The page's commands on virtual keys.

use crate::asking::Asking;
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
pub async fn keys_list(asking: Asking, args: KeysList) -> Result<Vec<KeyState>, ApiError> {
    asking.call(args).await
}

/// `keys.create`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_create(asking: Asking, args: KeysCreate) -> Result<CreatedKey, ApiError> {
    asking.call(args).await
}

/// `keys.revoke`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_revoke(asking: Asking, args: KeysRevoke) -> Result<VirtualKey, ApiError> {
    asking.call(args).await
}

/// `keys.update`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_update(asking: Asking, args: KeysUpdate) -> Result<VirtualKey, ApiError> {
    asking.call(args).await
}

/// `keys.rotate`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_rotate(asking: Asking, args: KeysRotate) -> Result<CreatedKey, ApiError> {
    asking.call(args).await
}

/// `keys.end_overlap`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn keys_end_overlap(asking: Asking, args: KeysEndOverlap) -> Result<VirtualKey, ApiError> {
    asking.call(args).await
}
