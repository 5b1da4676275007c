//! `ledger.bills` and `ledger.bill`: imported bills, and one of them held against our sums again.

use super::compare::compare;
use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    command::ledger::{LedgerBill, LedgerBills},
    model::ledger::{Bill, BillComparison},
};

/// All imported bills, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn bills(admin: &Admin, _command: LedgerBills) -> Result<Vec<Bill>, ApiError> {
    admin.store.list_bills().await.map_err(from_store)
}

/// The bill beside our sums as they are now, corrections included.
///
/// # Errors
/// `NotFound` when there is no such bill; failures of the database.
pub async fn bill(admin: &Admin, command: LedgerBill) -> Result<BillComparison, ApiError> {
    let found = admin.store.get_bill(&command.id).await.map_err(from_store)?;
    let (bill, models) = found.ok_or_else(|| {
        ApiError::not_found(format!(
            "there is no imported bill {:?}; `ledger.bills` lists all",
            command.id
        ))
    })?;
    compare(admin, bill, &models).await
}
