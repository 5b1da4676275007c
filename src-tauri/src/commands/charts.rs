//! The page's commands on the charts.

use crate::asking::Asking;
use weir_contract::{ApiError, command::charts::ChartsGet, model::chart::ChartData};

/// `charts.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn charts_get(asking: Asking, args: ChartsGet) -> Result<ChartData, ApiError> {
    asking.call(args).await
}
