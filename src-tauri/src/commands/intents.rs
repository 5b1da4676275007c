//! The page's commands on intents.

use crate::asking::Asking;
use weir_contract::{ApiError, command::providers::IntentsList, model::catalog::IntentState};

/// `intents.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn intents_list(asking: Asking, args: IntentsList) -> Result<Vec<IntentState>, ApiError> {
    asking.call(args).await
}
