//! One look at everything that is watched. Every gateway does it every few seconds; what is new is raised once.

use super::{
    KIND, caps,
    facts::{FORECAST_LOOKS_BACK_MS, days_of_models, hours_of_all, hours_of_scope},
    raise::{Audience, raise},
};
use crate::{Admin, channels, config, from_store};
use weir_contract::{
    ApiError,
    model::alert::{AlertChannel, AlertCondition, AlertRule},
};
use weir_engine::alert::{
    Finding, HOUR_MS, WEEK_MS, breaker_open, cap_share, day_start, disk_low, forecast, hour_start,
    ledger_differs, replay::find_in_hour, unknown_price,
};

/// Looks at every rule that is on and not snoozed; says how many alerts are new.
///
/// A rule whose facts cannot be read does not keep the others from being looked at.
///
/// # Errors
/// The first failure of the database, after all rules.
pub async fn round(admin: &Admin) -> Result<usize, ApiError> {
    let rules = config::all::<AlertRule>(admin, KIND).await?;
    let channels = config::all::<AlertChannel>(admin, channels::KIND).await?;
    let audience = Audience {
        channels: channels.into_iter().map(|channel| channel.value).collect(),
        snoozes: admin
            .store
            .snoozes(admin.clock.now_ms())
            .await
            .map_err(from_store)?,
    };
    let (mut raised, mut failed) = (0, None);
    for rule in rules.into_iter().map(|stored| stored.value) {
        if !rule.enabled || audience.rule_snoozed_until(&rule.name).is_some() {
            continue;
        }
        let outcome = match find(admin, &rule.condition).await {
            Ok(findings) => raise(admin, &rule, findings, &audience).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(number) => raised += number,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(raised), Err)
}

/// What a condition finds now. Of conditions on hours also what the last hour ended with: its last requests are folded in
/// after it is over.
async fn find(admin: &Admin, condition: &AlertCondition) -> Result<Vec<Finding>, ApiError> {
    let now_ms = admin.clock.now_ms();
    let this_hour = hour_start(now_ms);
    match condition {
        AlertCondition::CapShare { percents, cap } => {
            let mut found = Vec::new();
            for state in caps::states(admin, cap.as_deref()).await? {
                for standing in caps::now(&state, now_ms)? {
                    found.extend(cap_share::find(&standing, percents));
                }
            }
            Ok(found)
        }
        AlertCondition::Forecast { cap } => {
            let mut found = Vec::new();
            for state in caps::states(admin, cap.as_deref()).await? {
                let from_ms = this_hour - FORECAST_LOOKS_BACK_MS;
                let hours = hours_of_scope(admin, &state.cap.scope, from_ms, now_ms).await?;
                for standing in caps::now(&state, now_ms)? {
                    found.extend(forecast::find(&standing, hours.as_ref(), now_ms));
                }
            }
            Ok(found)
        }
        AlertCondition::UnknownPrice => {
            let from_ms = day_start(now_ms - HOUR_MS);
            let models = days_of_models(admin, from_ms, now_ms).await?;
            let days = [now_ms - HOUR_MS, now_ms].map(day_start);
            let mut found = Vec::new();
            for (model, hours) in &models {
                found.extend(unknown_price::find(model, hours, days[0]));
                if days[1] != days[0] {
                    found.extend(unknown_price::find(model, hours, days[1]));
                }
            }
            Ok(found)
        }
        AlertCondition::BreakerOpen => {
            let providers = admin.live.providers();
            let open = providers.iter().flat_map(|provider| {
                let name = &provider.config.name;
                provider
                    .breakers
                    .iter()
                    .filter_map(move |(model, position)| breaker_open::find(name, model, *position, now_ms))
            });
            Ok(open.collect())
        }
        AlertCondition::LedgerDiffers => {
            let check = admin.store.last_ledger_check().await.map_err(from_store)?;
            Ok(check.as_ref().map(ledger_differs::find).unwrap_or_default())
        }
        AlertCondition::DiskLow { percent_free } => {
            let disk = admin.live.disk();
            Ok(disk
                .and_then(|disk| disk_low::find(disk, *percent_free, now_ms))
                .into_iter()
                .collect())
        }
        AlertCondition::SpendSpike { .. }
        | AlertCondition::HitRateFall { .. }
        | AlertCondition::ErrorRate { .. } => {
            let last_hour = this_hour - HOUR_MS;
            // The week before the last hour, and an hour more to know whether there was one.
            let hours = hours_of_all(admin, last_hour - WEEK_MS - HOUR_MS, now_ms).await?;
            let found = [last_hour, this_hour].map(|hour| find_in_hour(condition, &hours, hour));
            Ok(found.into_iter().flatten().collect())
        }
    }
}
