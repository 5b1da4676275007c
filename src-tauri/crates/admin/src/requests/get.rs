//! `requests.get`: one request with every decision that was made for it.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::requests::RequestsGet, model::request::RequestDetail};

/// Everything kept about one request.
///
/// # Errors
/// `NotFound` when there is no such request, or not any more; failures of the database.
pub async fn get(admin: &Admin, command: RequestsGet) -> Result<RequestDetail, ApiError> {
    let id = command.id;
    admin
        .store
        .get_request(&id)
        .await
        .map_err(from_store)?
        .ok_or_else(|| {
            ApiError::not_found(format!(
                "there is no request {id:?}; it may have been removed after its time"
            ))
        })
}
