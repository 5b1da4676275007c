//! The page's commands on recorded requests.

use crate::asking::Asking;
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
pub async fn requests_list(asking: Asking, args: RequestsList) -> Result<RequestPage, ApiError> {
    asking.call(args).await
}

/// `requests.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn requests_get(asking: Asking, args: RequestsGet) -> Result<RequestDetail, ApiError> {
    asking.call(args).await
}
