//! The page's commands on connections to shared databases. Passwords go in here and never come out to the page.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::profiles::{
        ProfilesConnect, ProfilesDelete, ProfilesList, ProfilesLock, ProfilesReadUrl, ProfilesSave,
        ProfilesTest, ProfilesUnlock,
    },
    model::profile::{AttachedState, ProfileState, ReadUrl, TestStep},
};

/// `profiles.list`.
///
/// # Errors
/// `unavailable` when the file of profiles cannot be read.
#[tauri::command]
pub async fn profiles_list(asking: Asking, args: ProfilesList) -> Result<Vec<ProfileState>, ApiError> {
    let ProfilesList {} = args;
    asking.connections()?.list().await
}

/// `profiles.save`.
///
/// # Errors
/// `invalid_argument`, or `conflict` when the name is taken or its window is open.
#[tauri::command]
pub async fn profiles_save(asking: Asking, args: ProfilesSave) -> Result<(), ApiError> {
    asking.connections()?.save(args).await
}

/// `profiles.delete`.
///
/// # Errors
/// `not_found`, or `conflict` when its window is open.
#[tauri::command]
pub async fn profiles_delete(asking: Asking, args: ProfilesDelete) -> Result<(), ApiError> {
    asking.connections()?.delete(&args.name).await
}

/// `profiles.read_url`.
///
/// # Errors
/// `invalid_argument` for what is no connection URL.
#[tauri::command]
pub async fn profiles_read_url(asking: Asking, args: ProfilesReadUrl) -> Result<ReadUrl, ApiError> {
    asking.local()?;
    weir_gateway::attach::read_url(args.url.reveal())
}

/// `profiles.test`.
///
/// # Errors
/// `not_found`. A step that fails is in the reply.
#[tauri::command]
pub async fn profiles_test(asking: Asking, args: ProfilesTest) -> Result<Vec<TestStep>, ApiError> {
    asking.connections()?.test(&args.name).await
}

/// `profiles.connect`.
///
/// # Errors
/// `not_found`, or `unavailable` when no window can be opened. A step that fails is in the reply.
#[tauri::command]
pub async fn profiles_connect(asking: Asking, args: ProfilesConnect) -> Result<Vec<TestStep>, ApiError> {
    asking.connections()?.connect(asking.app(), &args.name).await
}

/// `profiles.unlock`.
///
/// # Errors
/// The connection's own.
#[tauri::command]
pub async fn profiles_unlock(asking: Asking, args: ProfilesUnlock) -> Result<AttachedState, ApiError> {
    let ProfilesUnlock {
        typed,
        minutes,
        reason,
    } = args;
    asking.attached()?.unlock(&typed, minutes, &reason).await
}

/// `profiles.lock`.
///
/// # Errors
/// In the main window, or after the connection has ended.
#[tauri::command]
pub async fn profiles_lock(asking: Asking, args: ProfilesLock) -> Result<AttachedState, ApiError> {
    let ProfilesLock {} = args;
    Ok(asking.attached()?.lock("by hand").await)
}
