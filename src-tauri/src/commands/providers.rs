//! The page's commands on providers.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::providers::{ProviderTest, ProvidersList, ProvidersSave, ProvidersSetDefault, ProvidersTest},
    model::catalog::ProviderState,
};

/// `providers.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_list(
    profile: State<'_, Profile>,
    args: ProvidersList,
) -> Result<Vec<ProviderState>, ApiError> {
    profile.call(args).await
}

/// `providers.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_save(
    profile: State<'_, Profile>,
    args: ProvidersSave,
) -> Result<ProviderState, ApiError> {
    profile.call(args).await
}

/// `providers.test`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_test(
    profile: State<'_, Profile>,
    args: ProvidersTest,
) -> Result<ProviderTest, ApiError> {
    profile.call(args).await
}

/// `providers.set_default`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_set_default(
    profile: State<'_, Profile>,
    args: ProvidersSetDefault,
) -> Result<(), ApiError> {
    profile.call(args).await
}
