//! The page's commands on the charts.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{ApiError, command::charts::ChartsGet, model::chart::ChartData};

/// `charts.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn charts_get(profile: State<'_, Profile>, args: ChartsGet) -> Result<ChartData, ApiError> {
    profile.call(args).await
}
