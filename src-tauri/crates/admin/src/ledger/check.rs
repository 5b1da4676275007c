//! `ledger.check`: every sum over the ledger against its balance. Housekeeping does the same every hour.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    command::ledger::LedgerCheckNow,
    model::ledger::{LedgerCheck, LedgerMismatch, LedgerSum},
};
use weir_engine::store::{Store, StoreError};

/// Compares now and keeps the result.
///
/// # Errors
/// Failures of the database.
pub async fn check(admin: &Admin, _command: LedgerCheckNow) -> Result<LedgerCheck, ApiError> {
    compare_sums(admin.store.as_ref(), admin.clock.now_ms())
        .await
        .map_err(from_store)
}

/// Compares every sum with its balance and keeps the result, so that the overview can show it.
///
/// # Errors
/// The store's.
pub async fn compare_sums(store: &dyn Store, now_ms: i64) -> Result<LedgerCheck, StoreError> {
    let mismatches = store
        .check_ledger()
        .await?
        .into_iter()
        .map(|(sum, ledger_nanousd, balance_nanousd)| LedgerMismatch {
            // The store names the sum in place of a lease.
            sum: LedgerSum::parse(&sum.lease_id).unwrap_or(LedgerSum::Spent),
            cap: sum.cap,
            period_start_ms: sum.period_start_ms,
            ledger_nanousd,
            balance_nanousd,
        })
        .collect();
    let check = LedgerCheck {
        at_ms: now_ms,
        mismatches,
    };
    store.save_ledger_check(&check).await?;
    Ok(check)
}
