//! `limits.list`: all limits with what they do now.

use super::KIND;
use crate::{Admin, config};
use weir_contract::{
    ApiError,
    command::limits::LimitsList,
    model::limit::{Limit, LimitState},
};

/// All limits, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: LimitsList) -> Result<Vec<LimitState>, ApiError> {
    let stored = config::all::<Limit>(admin, KIND).await?;
    let mut states = Vec::with_capacity(stored.len());
    for stored in stored {
        states.push(state(admin, stored.value, stored.version).await?);
    }
    Ok(states)
}

/// The limit with what it does now.
pub(super) async fn state(admin: &Admin, limit: Limit, version: i64) -> Result<LimitState, ApiError> {
    let activity = admin.live.limit_activity(&limit).await?;
    Ok(LimitState {
        limit,
        version,
        active_callers: activity.active_callers,
        busiest: activity.busiest,
        refused: activity.refused,
        would_refuse: activity.would_refuse,
    })
}
