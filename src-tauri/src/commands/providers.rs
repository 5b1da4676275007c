//! The page's commands on providers.

use crate::asking::Asking;
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
pub async fn providers_list(asking: Asking, args: ProvidersList) -> Result<Vec<ProviderState>, ApiError> {
    asking.call(args).await
}

/// `providers.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_save(asking: Asking, args: ProvidersSave) -> Result<ProviderState, ApiError> {
    asking.call(args).await
}

/// `providers.test`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_test(asking: Asking, args: ProvidersTest) -> Result<ProviderTest, ApiError> {
    asking.call(args).await
}

/// `providers.set_default`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn providers_set_default(asking: Asking, args: ProvidersSetDefault) -> Result<(), ApiError> {
    asking.call(args).await
}
