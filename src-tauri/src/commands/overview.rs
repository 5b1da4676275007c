//! The page's commands on the overview.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{ApiError, command::overview::OverviewGet, model::chart::Overview};

/// `overview.get`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn overview_get(profile: State<'_, Profile>, args: OverviewGet) -> Result<Overview, ApiError> {
    profile.call(args).await
}
