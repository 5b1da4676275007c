//! The page's commands on the ledger.

use crate::profile::Profile;
use tauri::State;
use weir_contract::{
    ApiError,
    command::ledger::{
        CorrectedRequest, LedgerBill, LedgerBills, LedgerCheckNow, LedgerCorrect, LedgerReconcile,
    },
    model::ledger::{Bill, BillComparison, LedgerCheck},
};

/// `ledger.correct`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_correct(
    profile: State<'_, Profile>,
    args: LedgerCorrect,
) -> Result<CorrectedRequest, ApiError> {
    profile.call(args).await
}

/// `ledger.check`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_check(
    profile: State<'_, Profile>,
    args: LedgerCheckNow,
) -> Result<LedgerCheck, ApiError> {
    profile.call(args).await
}

/// `ledger.reconcile`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_reconcile(
    profile: State<'_, Profile>,
    args: LedgerReconcile,
) -> Result<BillComparison, ApiError> {
    profile.call(args).await
}

/// `ledger.bills`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_bills(profile: State<'_, Profile>, args: LedgerBills) -> Result<Vec<Bill>, ApiError> {
    profile.call(args).await
}

/// `ledger.bill`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_bill(profile: State<'_, Profile>, args: LedgerBill) -> Result<BillComparison, ApiError> {
    profile.call(args).await
}
