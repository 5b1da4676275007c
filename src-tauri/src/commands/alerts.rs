//! The page's commands on alert rules and what they raised.

use crate::profile::Profile;
use tauri::State;
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
pub async fn alerts_list(
    profile: State<'_, Profile>,
    args: AlertsList,
) -> Result<Vec<AlertRuleState>, ApiError> {
    profile.call(args).await
}

/// `alerts.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_save(profile: State<'_, Profile>, args: AlertsSave) -> Result<AlertRuleState, ApiError> {
    profile.call(args).await
}

/// `alerts.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_delete(profile: State<'_, Profile>, args: AlertsDelete) -> Result<(), ApiError> {
    profile.call(args).await
}

/// `alerts.snooze`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_snooze(profile: State<'_, Profile>, args: AlertsSnooze) -> Result<(), ApiError> {
    profile.call(args).await
}

/// `alerts.preview`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_preview(
    profile: State<'_, Profile>,
    args: AlertsPreview,
) -> Result<AlertPreview, ApiError> {
    profile.call(args).await
}

/// `alerts.history`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn alerts_history(
    profile: State<'_, Profile>,
    args: AlertsHistory,
) -> Result<Vec<AlertEvent>, ApiError> {
    profile.call(args).await
}
