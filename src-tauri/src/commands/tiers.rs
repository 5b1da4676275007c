//! The page's commands on the ladder of models.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{ApiError, command::providers::TiersList, model::catalog::TierState};

/// `tiers.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn tiers_list(profile: State<'_, Profile>, args: TiersList) -> Result<Vec<TierState>, ApiError> {
    profile.call(args).await
}
