//! `alerts.preview`: how often a rule would have told something. The same functions over the same rollups, hour by hour.

use super::{
    caps,
    facts::{FORECAST_LOOKS_BACK_MS, days_of_models, hours_of_all, hours_of_scope},
    save::validate,
};
use crate::Admin;
use weir_contract::{
    ApiError,
    command::alerts::AlertsPreview,
    model::alert::{AlertCondition, AlertPreview, PreviewedAlert},
};
use weir_engine::alert::{
    DAY_MS, HOUR_MS, WEEK_MS, day_start, hour_start,
    replay::{Replay, of_forecast, of_hours, of_prices, of_shares},
};

/// Days that are looked at.
const DAYS: u32 = 30;
/// Alerts that are shown one by one.
const MOST_SHOWN: usize = 50;

/// Replays the rule over the last 30 days.
///
/// # Errors
/// `InvalidArgument` for a rule that could not be saved, failures of the database.
pub async fn preview(admin: &Admin, command: AlertsPreview) -> Result<AlertPreview, ApiError> {
    validate(admin, &command.rule).await?;
    let now_ms = admin.clock.now_ms();
    let from_ms = hour_start(now_ms) - i64::from(DAYS) * DAY_MS;
    let mut replay = Replay::default();
    let note = match &command.rule.condition {
        AlertCondition::CapShare { percents, cap } => {
            shares(admin, &mut replay, cap.as_deref(), percents, from_ms, now_ms).await?
        }
        AlertCondition::Forecast { cap } => {
            forecasts(admin, &mut replay, cap.as_deref(), from_ms, now_ms).await?
        }
        AlertCondition::UnknownPrice => {
            let from_ms = day_start(from_ms);
            for (model, hours) in days_of_models(admin, from_ms, now_ms).await? {
                of_prices(&mut replay, &model, &hours, from_ms, now_ms);
            }
            "Counted by model and day.".to_owned()
        }
        AlertCondition::BreakerOpen | AlertCondition::LedgerDiffers | AlertCondition::DiskLow { .. } => {
            return Ok(AlertPreview {
                days: DAYS,
                would_have_fired: None,
                note: "The past of this is not kept, so it cannot be looked at. From now on it is told when it happens.".to_owned(),
                newest: Vec::new(),
            });
        }
        condition => {
            let hours = hours_of_all(admin, from_ms - WEEK_MS - HOUR_MS, now_ms).await?;
            replay = of_hours(condition, &hours, from_ms, now_ms);
            match condition {
                AlertCondition::SpendSpike { .. } => "Counted hour by hour.".to_owned(),
                _ => "Counted by whole hours. What is bad for some minutes and evens out within its hour is told when it happens and not counted here, so there may be more.".to_owned(),
            }
        }
    };
    let count = u32::try_from(replay.found.len()).unwrap_or(u32::MAX);
    let mut newest: Vec<PreviewedAlert> = replay
        .found
        .into_iter()
        .map(|(at_ms, finding)| PreviewedAlert {
            at_ms,
            subject: finding.subject,
        })
        .collect();
    newest.sort_by_key(|one| std::cmp::Reverse(one.at_ms));
    newest.truncate(MOST_SHOWN);
    Ok(AlertPreview {
        days: DAYS,
        would_have_fired: Some(count),
        note,
        newest,
    })
}

async fn shares(
    admin: &Admin,
    replay: &mut Replay,
    only: Option<&str>,
    percents: &[u8],
    from_ms: i64,
    now_ms: i64,
) -> Result<String, ApiError> {
    let mut left_out = Vec::new();
    for state in caps::states(admin, only).await? {
        match caps::past(admin, &state.cap, from_ms, now_ms).await? {
            Some(standings) => of_shares(replay, &standings, percents),
            None => left_out.push(state.cap.name),
        }
    }
    Ok(format!(
        "Counted by what was spent in each period against the caps as they are now.{}",
        sentence_on(&left_out, "counts rolling hours of each value")
    ))
}

async fn forecasts(
    admin: &Admin,
    replay: &mut Replay,
    only: Option<&str>,
    from_ms: i64,
    now_ms: i64,
) -> Result<String, ApiError> {
    let mut left_out = Vec::new();
    for state in caps::states(admin, only).await? {
        let look_back = from_ms - FORECAST_LOOKS_BACK_MS;
        match hours_of_scope(admin, &state.cap.scope, look_back, now_ms).await? {
            Some(hours) => {
                for period in caps::periods(&state.cap, from_ms, now_ms)? {
                    of_forecast(replay, &period, &hours, from_ms, now_ms);
                }
            }
            None => left_out.push(state.cap.name),
        }
    }
    Ok(format!(
        "Counted hour by hour against the caps as they are now, from the costs of recorded requests.{}",
        sentence_on(
            &left_out,
            "counts by something that hourly figures are not kept by"
        )
    ))
}

fn sentence_on(left_out: &[String], why: &str) -> String {
    match left_out {
        [] => String::new(),
        [one] => format!(" Cap \"{one}\" {why} and is left out."),
        several => format!(
            " {} caps ({}) are left out: each {why}.",
            several.len(),
            several.join(", ")
        ),
    }
}
