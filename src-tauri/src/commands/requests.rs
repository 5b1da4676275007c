//! The page's commands on recorded requests.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::requests::{RequestPage, RequestsGet, RequestsList},
    model::request::RequestDetail,
};

/// `requests.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn requests_list(profile: State<'_, Profile>, args: RequestsList) -> Result<RequestPage, ApiError> {
    profile.call(args).await
}

/// `requests.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn requests_get(profile: State<'_, Profile>, args: RequestsGet) -> Result<RequestDetail, ApiError> {
    profile.call(args).await
}
