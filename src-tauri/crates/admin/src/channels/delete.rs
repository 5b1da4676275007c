//! `channels.delete`: removes a channel that no rule names.

use super::KIND;
use crate::{Admin, alerts, check, config};
use weir_contract::{
    ApiError, ErrorCode,
    command::channels::ChannelsDelete,
    model::alert::{AlertRule, SnoozeOf},
};

/// Removes the version named. Its deliveries stay in the history.
///
/// # Errors
/// `NotAllowed` while rules name it, `NotFound`, `Conflict` when somebody changed it first, failures of the database.
pub async fn delete(admin: &Admin, command: ChannelsDelete) -> Result<(), ApiError> {
    let rules = config::all::<AlertRule>(admin, alerts::KIND).await?;
    let using: Vec<&str> = rules
        .iter()
        .filter(|rule| rule.value.channels.contains(&command.name))
        .map(|rule| rule.name.as_str())
        .collect();
    if !using.is_empty() {
        return Err(ApiError::new(
            ErrorCode::NotAllowed,
            format!(
                "channel \"{}\" is told by {}; take it out of them first, or switch it off",
                command.name,
                check::listed(using.into_iter())
            ),
        ));
    }
    config::delete(admin, KIND, &command.name, command.expected_version).await?;
    alerts::forget_snooze(admin, SnoozeOf::Channel, command.name).await
}
