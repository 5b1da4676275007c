//! `gateways.list`: who runs on this database, and with which configuration.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    command::gateways::GatewaysList,
    model::gateway::{GatewayFleet, GatewayState},
};
use weir_engine::{budget::fence::DEAD_AFTER_MS, store::KnownGateway};

/// All gateways, the longest running first.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: GatewaysList) -> Result<GatewayFleet, ApiError> {
    // First the gateways: one that takes over a change in between must not look as if it ran what is not there yet.
    let known = admin.store.list_gateways().await.map_err(from_store)?;
    let config_version = admin.store.config_version().await.map_err(from_store)?;
    let dead_before_ms = admin.clock.now_ms() - DEAD_AFTER_MS;
    let gateways = known.into_iter().map(|one| state(one, dead_before_ms));
    Ok(GatewayFleet {
        config_version,
        gateways: gateways.collect(),
    })
}

fn state(known: KnownGateway, dead_before_ms: i64) -> GatewayState {
    let report = known.report;
    GatewayState {
        id: report.id,
        address: report.address,
        version: report.version,
        config_version: report.config_version,
        config_problem: report.config_problem,
        limits_at: report.limits_at,
        started_ms: known.first_ms,
        last_beat_ms: known.last_beat_ms,
        is_silent: known.last_beat_ms < dead_before_ms,
    }
}
