//! The page's commands on the log of changes.

use crate::asking::Asking;
use weir_contract::{
    ApiError,
    command::audit::{AuditList, AuditUndo, AuditVerify},
    model::change::{ChainCheck, ChangePage, ChangeState},
};

/// `audit.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn audit_list(asking: Asking, args: AuditList) -> Result<ChangePage, ApiError> {
    asking.call(args).await
}

/// `audit.verify`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn audit_verify(asking: Asking, args: AuditVerify) -> Result<ChainCheck, ApiError> {
    asking.call(args).await
}

/// `audit.undo`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn audit_undo(asking: Asking, args: AuditUndo) -> Result<ChangeState, ApiError> {
    asking.call(args).await
}
