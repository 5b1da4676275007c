//! Where a cap stands in its present period.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError, NanoUsd,
    model::cap::{Cap, CapState},
};
use weir_engine::budget::period::{PeriodError, period_bounds, resets_text};

/// Reads the ledger and asks the running engine.
pub(super) async fn read(admin: &Admin, cap: Cap, version: i64) -> Result<CapState, ApiError> {
    let bounds = period_bounds(cap.period, &cap.time_zone, admin.clock.now_ms()).map_err(no_period)?;
    let balance = admin
        .store
        .balance(&cap.name, bounds.start_ms)
        .await
        .map_err(from_store)?;
    let held = admin
        .live
        .held(&cap.name, bounds.start_ms)
        .unwrap_or(NanoUsd::ZERO);
    Ok(CapState {
        version,
        spent_nanousd: balance.spent_nanousd,
        // Memory knows this gateway's newest calls, the database those of all gateways; never show less than either.
        reserved_nanousd: held.max(balance.reserved_nanousd),
        unsettled_nanousd: balance.unsettled_nanousd,
        period_start_ms: bounds.start_ms,
        resets_ms: bounds.end_ms,
        resets_text: resets_text(bounds, &cap.time_zone).map_err(no_period)?,
        cap,
    })
}

/// A period that cannot be found: the zone's name is wrong, or the machine's clock is.
pub(super) fn no_period(error: PeriodError) -> ApiError {
    ApiError::invalid(format!("cap.time_zone: {error}"))
}
