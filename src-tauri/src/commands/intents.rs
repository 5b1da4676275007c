//! The page's commands on intents.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{ApiError, command::providers::IntentsList, model::catalog::IntentState};

/// `intents.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn intents_list(
    profile: State<'_, Profile>,
    args: IntentsList,
) -> Result<Vec<IntentState>, ApiError> {
    profile.call(args).await
}
