//! The page's commands on the overview.

use crate::asking::Asking;
use weir_contract::{ApiError, command::overview::OverviewGet, model::chart::Overview};

/// `overview.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn overview_get(asking: Asking, args: OverviewGet) -> Result<Overview, ApiError> {
    asking.call(args).await
}
