//! The page's commands on the ladder of models.

use crate::asking::Asking;
use weir_contract::{ApiError, command::providers::TiersList, model::catalog::TierState};

/// `tiers.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn tiers_list(asking: Asking, args: TiersList) -> Result<Vec<TierState>, ApiError> {
    asking.call(args).await
}
