//! `channels.list`: all channels with the newest delivery of each.

use super::KIND;
use crate::{Admin, config, from_store};
use weir_contract::{
    ApiError,
    command::channels::ChannelsList,
    model::{
        alert::{AlertChannel, ChannelState, ChannelTarget, SnoozeOf},
        catalog::{KeySource, KeyStatus},
    },
};

/// All channels, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: ChannelsList) -> Result<Vec<ChannelState>, ApiError> {
    let channels = config::all::<AlertChannel>(admin, KIND).await?;
    let newest = admin.store.newest_deliveries().await.map_err(from_store)?;
    let snoozes = admin
        .store
        .snoozes(admin.clock.now_ms())
        .await
        .map_err(from_store)?;
    let state = channels.into_iter().map(|stored| {
        let (secret_status, secret_ending) = secret(admin, &stored.value.target);
        ChannelState {
            version: stored.version,
            secret_status,
            secret_ending,
            snoozed_until_ms: snoozes
                .iter()
                .find(|snooze| snooze.of == SnoozeOf::Channel && snooze.name == stored.name)
                .map(|snooze| snooze.until_ms),
            last: newest.iter().find(|one| one.channel == stored.name).cloned(),
            channel: stored.value,
        }
    });
    Ok(state.collect())
}

/// Whether the secret can be read, and of an address its end. Passwords and signing secrets show nothing of themselves.
fn secret(admin: &Admin, target: &ChannelTarget) -> (KeyStatus, String) {
    let source = target.secret();
    if *source == KeySource::None {
        return (KeyStatus::NotNeeded, String::new());
    }
    match admin.live.secret_ending(source) {
        None => (KeyStatus::Missing, String::new()),
        Some(ending) if matches!(target, ChannelTarget::Slack { .. }) => (KeyStatus::Present, ending),
        Some(_) => (KeyStatus::Present, String::new()),
    }
}
