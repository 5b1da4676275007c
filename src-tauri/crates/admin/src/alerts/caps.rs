//! Caps as the conditions want them: where each stands now, and where it stood at the end of past periods.

use crate::{Admin, caps, from_store};
use weir_contract::{
    ApiError, NanoUsd,
    command::caps::CapsList,
    model::cap::{Cap, CapAction, CapPeriod, CapScope, CapState, CapSubject, MOST_VALUES_SHOWN},
};
use weir_engine::{
    alert::{CapStanding, HOUR_MS, hour_start},
    budget::{
        counted::{ledger_key, ledger_prefix, value_of},
        period::{CountedStarts, PeriodError, period_bounds, resets_text},
    },
};

/// The caps that are on and that a rule looks at: one by name, or all.
pub(super) async fn states(admin: &Admin, only: Option<&str>) -> Result<Vec<CapState>, ApiError> {
    let mut states = caps::list(admin, CapsList {}).await?;
    states.retain(|state| state.cap.enabled && only.is_none_or(|name| state.cap.name == name));
    Ok(states)
}

/// Where a cap stands now: once, or once for each of its values that spent most.
pub(super) fn now(state: &CapState, now_ms: i64) -> Result<Vec<CapStanding>, ApiError> {
    let mut one = standing(&state.cap, now_ms).map_err(caps_time)?;
    one.resets_text.clone_from(&state.resets_text);
    let CapScope::Each(subject) = &state.cap.scope else {
        one.spent_nanousd = state.spent_nanousd;
        one.reserved_nanousd = state.reserved_nanousd;
        return Ok(vec![one]);
    };
    let value = state.values.iter().map(|value| CapStanding {
        whose: whose(*subject, &value.value),
        spent_nanousd: value.spent_nanousd,
        reserved_nanousd: value.reserved_nanousd,
        ..one.clone()
    });
    Ok(value.collect())
}

/// Where a cap stood at the ends of the periods that touch `[from_ms, now_ms)`, by its present limit and steps, each with
/// when that was. None for rolling hours of each value on its own, whose past is not kept in that form.
pub(super) async fn past(
    admin: &Admin,
    cap: &Cap,
    from_ms: i64,
    now_ms: i64,
) -> Result<Option<Vec<(i64, CapStanding)>>, ApiError> {
    match (cap.period, &cap.scope) {
        (CapPeriod::RollingHours(_), CapScope::Each(_)) => Ok(None),
        (CapPeriod::RollingHours(hours), scope) => {
            rolling(admin, cap, &key_of(cap, scope), hours, from_ms, now_ms)
                .await
                .map(Some)
        }
        (_, CapScope::Each(subject)) => each(admin, cap, *subject, from_ms, now_ms).await.map(Some),
        (_, scope) => {
            let key = key_of(cap, scope);
            let mut found = Vec::new();
            for period in periods(cap, from_ms, now_ms)? {
                let balance = admin
                    .store
                    .balance(&key, period.period_start_ms)
                    .await
                    .map_err(from_store)?;
                found.push(ended(period, balance.spent_nanousd));
            }
            Ok(Some(found))
        }
    }
}

/// Every period that touches the span, with nothing spent.
pub(super) fn periods(cap: &Cap, from_ms: i64, to_ms: i64) -> Result<Vec<CapStanding>, ApiError> {
    let mut found = Vec::new();
    let mut at_ms = from_ms;
    while at_ms < to_ms {
        let period = standing(cap, at_ms).map_err(caps_time)?;
        at_ms = period.period_end_ms.unwrap_or(to_ms);
        found.push(period);
    }
    Ok(found)
}

async fn each(
    admin: &Admin,
    cap: &Cap,
    subject: CapSubject,
    from_ms: i64,
    now_ms: i64,
) -> Result<Vec<(i64, CapStanding)>, ApiError> {
    let prefix = ledger_prefix(&cap.name, subject);
    let mut found = Vec::new();
    for period in periods(cap, from_ms, now_ms)? {
        let counted = CountedStarts::only(period.period_start_ms);
        let top = admin
            .store
            .top_balances(&prefix, counted, MOST_VALUES_SHOWN)
            .await
            .map_err(from_store)?;
        for (key, balance) in top {
            let Some(value) = value_of(&prefix, &key) else {
                continue;
            };
            let one = CapStanding {
                whose: whose(subject, &value),
                ..period.clone()
            };
            found.push(ended(one, balance.spent_nanousd));
        }
    }
    Ok(found)
}

/// Hour by hour: what the hours that counted together then had spent.
async fn rolling(
    admin: &Admin,
    cap: &Cap,
    key: &str,
    hours: u16,
    from_ms: i64,
    now_ms: i64,
) -> Result<Vec<(i64, CapStanding)>, ApiError> {
    let span_ms = i64::from(hours) * HOUR_MS;
    let first_hour = hour_start(from_ms);
    let counted = CountedStarts {
        first_ms: first_hour - span_ms,
        last_ms: now_ms,
    };
    let balances = admin.store.balances(key, counted).await.map_err(from_store)?;
    let mut found = Vec::new();
    let mut hour = first_hour;
    while hour < now_ms {
        let counts = balances
            .iter()
            .filter(|(start_ms, _)| (hour - span_ms..=hour).contains(start_ms));
        let spent = counts.map(|(_, balance)| balance.spent_nanousd).sum();
        let mut one = standing(cap, hour).map_err(caps_time)?;
        one.spent_nanousd = spent;
        found.push((hour, one));
        hour += HOUR_MS;
    }
    Ok(found)
}

fn ended(period: CapStanding, spent: NanoUsd) -> (i64, CapStanding) {
    let one = CapStanding {
        spent_nanousd: spent,
        ..period
    };
    (one.period_start_ms, one)
}

/// The cap in the period that contains this time, with nothing spent.
fn standing(cap: &Cap, at_ms: i64) -> Result<CapStanding, PeriodError> {
    let bounds = period_bounds(cap.period, &cap.time_zone, at_ms)?;
    // Rolling hours have no period; what is told about them is told once in so many hours.
    let (start_ms, end_ms) = match cap.period {
        CapPeriod::RollingHours(hours) => {
            let span_ms = i64::from(hours.max(1)) * HOUR_MS;
            (at_ms - at_ms.rem_euclid(span_ms), None)
        }
        _ => (bounds.start_ms, Some(bounds.end_ms)),
    };
    let notices = cap.steps.iter().filter(|step| step.action == CapAction::Notify);
    Ok(CapStanding {
        cap: cap.name.clone(),
        whose: String::new(),
        limit_nanousd: cap.limit_nanousd,
        spent_nanousd: NanoUsd::ZERO,
        reserved_nanousd: NanoUsd::ZERO,
        refuses_at: cap.refuses_at(),
        period_start_ms: start_ms,
        period_end_ms: end_ms,
        resets_text: resets_text(bounds.end_ms, &cap.time_zone)?,
        notices: notices.map(|step| step.percent).collect(),
    })
}

fn key_of(cap: &Cap, scope: &CapScope) -> String {
    match scope {
        CapScope::One { subject, value } if *subject != CapSubject::Tier => {
            ledger_key(&cap.name, *subject, value)
        }
        _ => cap.name.clone(),
    }
}

fn whose(subject: CapSubject, value: &str) -> String {
    let subject = subject.as_str();
    if value.is_empty() {
        format!(" for calls that name no {subject}")
    } else {
        format!(" for {subject} {value:?}")
    }
}

fn caps_time(error: PeriodError) -> ApiError {
    ApiError::invalid(format!("cap.time_zone: {error}"))
}
