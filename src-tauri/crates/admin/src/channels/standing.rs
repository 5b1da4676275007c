//! One channel at the moment at which something is due to it.

use super::KIND;
use crate::{Admin, config, from_store};
use weir_contract::{
    ApiError,
    model::alert::{AlertChannel, SnoozeOf},
};

/// The channel, and whether it is snoozed now; none when it is gone. Reads no secret.
///
/// # Errors
/// Failures of the database.
pub async fn standing(admin: &Admin, name: &str) -> Result<Option<(AlertChannel, bool)>, ApiError> {
    let channels = config::all::<AlertChannel>(admin, KIND).await?;
    let Some(found) = channels.into_iter().find(|channel| channel.name == name) else {
        return Ok(None);
    };
    let now_ms = admin.clock.now_ms();
    let snoozes = admin.store.snoozes(now_ms).await.map_err(from_store)?;
    let is_snoozed = snoozes
        .iter()
        .any(|snooze| snooze.of == SnoozeOf::Channel && snooze.name == name);
    Ok(Some((found.value, is_snoozed)))
}
