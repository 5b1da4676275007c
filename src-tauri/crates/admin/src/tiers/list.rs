//! `tiers.list`: the ladder, cheapest rung first.

use crate::{Admin, offline::not_running};
use weir_contract::{ApiError, command::providers::TiersList, model::catalog::TierState};

/// The tiers with their models, in the order they are tried.
///
/// # Errors
/// `Unavailable` when no engine runs in this process.
pub async fn list(admin: &Admin, _command: TiersList) -> Result<Vec<TierState>, ApiError> {
    if !admin.live.is_running() {
        return Err(not_running("Listing the tiers"));
    }
    let mut tiers = admin.live.tiers();
    tiers.sort_by_key(|state| state.tier);
    Ok(tiers)
}
