//! `limits.simulate`: whom a draft would have refused, from the recorded requests of the last hours.

use super::save::validate;
use crate::{Admin, from_store};
use weir_contract::{
    ApiError, ErrorCode,
    command::limits::LimitsSimulate,
    model::limit::{EndpointClass, LimitSimulation},
};
use weir_engine::limit::simulate::simulate as replay;

const HOUR_MS: i64 = 3_600_000;
/// The log that is replayed is kept for a little more than a day.
const MOST_HOURS: u32 = 24;

/// Replays; nothing is saved, and nobody is refused.
///
/// # Errors
/// `InvalidArgument` naming the field, failures of the database.
pub async fn simulate(admin: &Admin, command: LimitsSimulate) -> Result<LimitSimulation, ApiError> {
    validate(&command.limit)?;
    if !(1..=MOST_HOURS).contains(&command.hours) {
        return Err(ApiError::invalid(format!(
            "hours: {} is not between 1 and {MOST_HOURS}",
            command.hours
        )));
    }
    if command.limit.endpoint_class == EndpointClass::Reads {
        return Err(ApiError::invalid(
            "limit.endpoint_class: reads are not recorded, so there is nothing to try this on; save it in shadow mode and see whom it would refuse",
        ));
    }
    let began_us = admin.clock.monotonic_us();
    let now_ms = admin.clock.now_ms();
    let from_ms = now_ms - i64::from(command.hours) * HOUR_MS;
    // The newest requests reach the log when they are folded.
    admin.store.fold_rollups().await.map_err(from_store)?;
    let pieces = admin.store.limit_log(from_ms).await.map_err(from_store)?;
    let limit = command.limit;
    let told = tokio::task::spawn_blocking(move || replay(&limit, &pieces, from_ms, now_ms + 1)).await;
    let mut told = told.map_err(|problem| {
        ApiError::new(
            ErrorCode::Internal,
            format!("limits.simulate: the replay broke off: {problem}"),
        )
    })?;
    told.took_us = i64::try_from(admin.clock.monotonic_us().saturating_sub(began_us)).unwrap_or(i64::MAX);
    Ok(told)
}
