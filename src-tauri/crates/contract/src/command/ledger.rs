//! The ledger: correcting it, checking it, holding it against a provider's bill.
use super::command;
use crate::{
    NanoUsd,
    model::{
        ledger::{Bill, BillComparison, LedgerCheck, MovedBalance},
        request::RequestRow,
        time::TimeRange,
    },
};
use serde::{Deserialize, Serialize};

/// A request after its cost was corrected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectedRequest {
    pub row: RequestRow,
    /// Every cap and period that moved; empty when no cap counted the request.
    pub moved: Vec<MovedBalance>,
}

command! {
    /// Replaces the estimated cost of a request by the true one.
    LedgerCorrect = "ledger.correct" {
        request_id: String,
        /// The cost that was read; a conflict when it is another by now.
        expected_nanousd: NanoUsd,
        /// The whole request's true cost.
        true_nanousd: NanoUsd,
        /// Where the true cost is from.
        reason: String,
    } -> CorrectedRequest
}
command! {
    /// Compares every sum over the ledger with its balance now, and keeps the result.
    LedgerCheckNow = "ledger.check" {} -> LedgerCheck
}
command! {
    /// Reads a provider's bill (a CSV export, or lines of `model,amount_usd`), keeps it and holds it against our sums.
    /// A line that cannot be read keeps all of it out.
    LedgerReconcile = "ledger.reconcile" { provider: String, range: TimeRange, text: String } -> BillComparison
}
command! {
    /// All imported bills, newest first.
    LedgerBills = "ledger.bills" {} -> Vec<Bill>
}
command! {
    /// An imported bill, held against our sums as they are now.
    LedgerBill = "ledger.bill" { id: String } -> BillComparison
}
