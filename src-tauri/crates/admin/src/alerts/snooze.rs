//! `alerts.snooze`: keeps a rule or a channel quiet until a time.

use super::KIND;
use crate::{Admin, channels, check, config, from_store};
use weir_contract::{
    ApiError,
    command::alerts::AlertsSnooze,
    model::alert::{AlertChannel, AlertRule, SnoozeOf},
};
use weir_engine::{alert::DAY_MS, store::Snooze};

/// Longer, and it would be forgotten; switching off is the word for that.
const LONGEST_DAYS: i64 = 30;

/// Sets or ends the snooze.
///
/// # Errors
/// `NotFound` for an unknown name, `InvalidArgument` for a time that has passed or is more than 30 days ahead.
pub async fn snooze(admin: &Admin, command: AlertsSnooze) -> Result<(), ApiError> {
    let AlertsSnooze { of, name, until_ms } = command;
    let names: Vec<String> = match of {
        SnoozeOf::Rule => names(config::all::<AlertRule>(admin, KIND).await?),
        SnoozeOf::Channel => names(config::all::<AlertChannel>(admin, channels::KIND).await?),
    };
    if !names.contains(&name) {
        return Err(ApiError::not_found(format!(
            "there is no {} {name:?}; there are: {}",
            of.as_str(),
            check::listed(names.iter().map(String::as_str))
        )));
    }
    let now_ms = admin.clock.now_ms();
    if let Some(until_ms) = until_ms {
        if until_ms <= now_ms {
            return Err(ApiError::invalid(
                "until_ms: has passed; send null to end a snooze",
            ));
        }
        if until_ms > now_ms.saturating_add(LONGEST_DAYS * DAY_MS) {
            return Err(ApiError::invalid(format!(
                "until_ms: at most {LONGEST_DAYS} days ahead; to keep it quiet for longer, switch it off"
            )));
        }
    }
    let until_ms = until_ms.unwrap_or(0);
    admin
        .store
        .set_snooze(Snooze { of, name, until_ms }, &admin.act())
        .await
        .map_err(from_store)
}

fn names<T>(stored: Vec<config::Stored<T>>) -> Vec<String> {
    stored.into_iter().map(|one| one.name).collect()
}
