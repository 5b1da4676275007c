//! `ledger.reconcile`: reads a provider's bill, keeps it and holds it against our sums.

use super::{bill, compare::compare};
use crate::{Admin, check, from_store, keys};
use weir_contract::{
    ApiError, NanoUsd,
    command::ledger::LedgerReconcile,
    model::ledger::{Bill, BillComparison},
};

/// Longest text of a bill: 16 MiB, some hundred thousand lines.
const LONGEST_BYTES: usize = 16 * 1024 * 1024;

/// Imports the bill, whole or not at all.
///
/// # Errors
/// `InvalidArgument` naming the lines that cannot be read and what to do about them; failures of the database.
pub async fn reconcile(admin: &Admin, command: LedgerReconcile) -> Result<BillComparison, ApiError> {
    let provider = command.provider.trim();
    if provider.is_empty() {
        return Err(ApiError::invalid(
            "provider: is empty; name the provider as it is called in Weir's settings",
        ));
    }
    check::line("provider", provider, 64)?;
    check::range(command.range)?;
    if command.text.len() > LONGEST_BYTES {
        return Err(ApiError::invalid(
            "text: is longer than 16 MiB; export fewer days at once, or the totals per model",
        ));
    }
    let read = bill::read(&command.text, command.range)
        .map_err(|problem| ApiError::invalid(format!("nothing was imported: {problem}")))?;
    let bill = Bill {
        id: keys::random_id()?,
        provider: provider.to_owned(),
        format: read.format,
        range: command.range,
        total_nanousd: read.models.iter().map(|one| one.amount_nanousd).sum::<NanoUsd>(),
        who: admin.act().who(),
        imported_ms: admin.clock.now_ms(),
    };
    admin
        .store
        .insert_bill(&bill, &read.models, &admin.act())
        .await
        .map_err(from_store)?;
    compare(admin, bill, &read.models).await
}
