//! `alerts.list`: all rules with what each raised last.

use super::KIND;
use crate::{Admin, config, from_store};
use weir_contract::{
    ApiError,
    command::alerts::AlertsList,
    model::alert::{AlertRule, AlertRuleState, SnoozeOf},
};

/// All rules, by name.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: AlertsList) -> Result<Vec<AlertRuleState>, ApiError> {
    let rules = config::all::<AlertRule>(admin, KIND).await?;
    let newest = admin.store.newest_alerts().await.map_err(from_store)?;
    let snoozes = admin
        .store
        .snoozes(admin.clock.now_ms())
        .await
        .map_err(from_store)?;
    let state = rules.into_iter().map(|stored| AlertRuleState {
        version: stored.version,
        snoozed_until_ms: snoozes
            .iter()
            .find(|snooze| snooze.of == SnoozeOf::Rule && snooze.name == stored.name)
            .map(|snooze| snooze.until_ms),
        last: newest.iter().find(|event| event.rule == stored.name).cloned(),
        rule: stored.value,
    });
    Ok(state.collect())
}
