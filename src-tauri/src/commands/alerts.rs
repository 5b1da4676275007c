//! The page's commands on alert rules and what they raised.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::alerts::{AlertsDelete, AlertsHistory, AlertsList, AlertsPreview, AlertsSave, AlertsSnooze},
    model::alert::{AlertEvent, AlertPreview, AlertRuleState},
};

/// `alerts.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_list(asking: Asking, args: AlertsList) -> Result<Vec<AlertRuleState>, ApiError> {
    asking.call(args).await
}

/// `alerts.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_save(asking: Asking, args: AlertsSave) -> Result<AlertRuleState, ApiError> {
    asking.call(args).await
}

/// `alerts.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_delete(asking: Asking, args: AlertsDelete) -> Result<(), ApiError> {
    asking.call(args).await
}

/// `alerts.snooze`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_snooze(asking: Asking, args: AlertsSnooze) -> Result<(), ApiError> {
    asking.call(args).await
}

/// `alerts.preview`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_preview(asking: Asking, args: AlertsPreview) -> Result<AlertPreview, ApiError> {
    asking.call(args).await
}

/// `alerts.history`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_history(asking: Asking, args: AlertsHistory) -> Result<Vec<AlertEvent>, ApiError> {
    asking.call(args).await
}
