//! `alerts.save`: creates a rule or replaces the version named.

use super::{KIND, list};
use crate::{Admin, channels, check, config};
use weir_contract::{
    ApiError, ErrorCode,
    command::alerts::{AlertsList, AlertsSave},
    model::alert::{AlertChannel, AlertRule, AlertRuleState},
};

/// Most channels of one rule.
const MOST_CHANNELS: usize = 20;

/// Saves the rule; the next round, seconds later, follows it.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: AlertsSave) -> Result<AlertRuleState, ApiError> {
    let rule = command.rule;
    validate(admin, &rule).await?;
    let name = rule.name.clone();
    config::save(admin, KIND, &name, &rule, command.expected_version).await?;
    let states = list(admin, AlertsList {}).await?;
    let saved = states.into_iter().find(|state| state.rule.name == name);
    saved.ok_or_else(|| {
        ApiError::new(
            ErrorCode::Conflict,
            format!("alert rule \"{name}\" was saved, and deleted by somebody else right after"),
        )
    })
}

/// Checks what can be checked before a rule is saved or previewed.
pub(super) async fn validate(admin: &Admin, rule: &AlertRule) -> Result<(), ApiError> {
    check::name("rule.name", &rule.name)?;
    rule.condition
        .check()
        .map_err(|problem| ApiError::invalid(format!("rule.condition.{problem}")))?;
    if rule.channels.len() > MOST_CHANNELS {
        return Err(ApiError::invalid(format!(
            "rule.channels: at most {MOST_CHANNELS}"
        )));
    }
    let known = config::all::<AlertChannel>(admin, channels::KIND).await?;
    for wanted in &rule.channels {
        if !known.iter().any(|channel| channel.name == *wanted) {
            return Err(ApiError::invalid(format!(
                "rule.channels: there is no channel {wanted:?}; there are: {}",
                check::listed(known.iter().map(|channel| channel.name.as_str()))
            )));
        }
    }
    Ok(())
}
