//! The page's commands on the ledger.

use crate::asking::Asking;
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
pub async fn ledger_correct(asking: Asking, args: LedgerCorrect) -> Result<CorrectedRequest, ApiError> {
    asking.call(args).await
}

/// `ledger.check`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_check(asking: Asking, args: LedgerCheckNow) -> Result<LedgerCheck, ApiError> {
    asking.call(args).await
}

/// `ledger.reconcile`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_reconcile(asking: Asking, args: LedgerReconcile) -> Result<BillComparison, ApiError> {
    asking.call(args).await
}

/// `ledger.bills`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_bills(asking: Asking, args: LedgerBills) -> Result<Vec<Bill>, ApiError> {
    asking.call(args).await
}

/// `ledger.bill`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn ledger_bill(asking: Asking, args: LedgerBill) -> Result<BillComparison, ApiError> {
    asking.call(args).await
}
