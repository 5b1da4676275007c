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
    Ok(stored
        .into_iter()
        .map(|stored| state(admin, stored.value, stored.version))
        .collect())
}

/// The limit with what it does now.
pub(super) fn state(admin: &Admin, limit: Limit, version: i64) -> LimitState {
    let activity = admin.live.limit_activity(&limit.name);
    LimitState {
        limit,
        version,
        active_callers: activity.active_callers,
        busiest: activity.busiest,
        refused: activity.refused,
    }
}
