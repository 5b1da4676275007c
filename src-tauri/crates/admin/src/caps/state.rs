//! Where a cap stands in its present period.

use super::trips;
use crate::{Admin, from_store};
use weir_contract::{
    ApiError, NanoUsd,
    model::cap::{Cap, CapMode, CapScope, CapState, CapSubject, CapValueState, MOST_VALUES_SHOWN},
};
use weir_engine::{
    budget::{
        counted::{ledger_key, ledger_prefix, value_of},
        period::{
            CountedStarts, PeriodBounds, PeriodError, counted_starts, period_bounds, resets_text,
            stops_counting_ms,
        },
        steps::steps_in_force,
    },
    store::CapBalance,
};

/// What is used, and when the oldest of it began to count.
#[derive(Default)]
struct Used {
    balance: CapBalance,
    oldest_ms: Option<i64>,
    values: Vec<CapValueState>,
}

/// Reads the ledger and asks the running engine.
pub(crate) async fn read(admin: &Admin, cap: Cap, version: i64) -> Result<CapState, ApiError> {
    let bounds = present(admin, &cap)?;
    read_with(admin, cap, version, bounds, None).await
}

/// The cap's present period. It is asked for once, so that what was counted under one is not shown as another's.
pub(super) fn present(admin: &Admin, cap: &Cap) -> Result<PeriodBounds, ApiError> {
    period_bounds(cap.period, &cap.time_zone, admin.clock.now_ms()).map_err(no_period)
}

/// Under which name and over which periods the ledger counts a cap; nothing where each value is counted on its own.
pub(super) fn counted_under(cap: &Cap, bounds: PeriodBounds) -> Option<(String, CountedStarts)> {
    let is_each = matches!(cap.scope, CapScope::Each(_));
    (!is_each).then(|| {
        let counted = counted_starts(cap.period, bounds.start_ms);
        (key_of(&cap.name, &cap.scope), counted)
    })
}

/// The same in this period, with the balances of [`counted_under`], where they are known.
pub(super) async fn read_with(
    admin: &Admin,
    cap: Cap,
    version: i64,
    bounds: PeriodBounds,
    known: Option<Vec<(i64, CapBalance)>>,
) -> Result<CapState, ApiError> {
    let counted = counted_starts(cap.period, bounds.start_ms);
    // Calls that settle meanwhile are then seen twice rather than not at all.
    let beyond = beyond(admin, &cap, counted).await?;
    let used = match &cap.scope {
        CapScope::Each(subject) => of_each(admin, &cap, *subject, counted, bounds).await?,
        scope => {
            let key = key_of(&cap.name, scope);
            match known {
                Some(balances) => used(admin, &key, &balances, bounds),
                None => of_key(admin, &key, counted, bounds).await?,
            }
        }
    };
    let starts_ms = used.oldest_ms.unwrap_or(bounds.start_ms);
    let resets_ms = stops_counting_ms(cap.period, bounds, starts_ms);
    let balance = used.balance;
    let passed = cap.refuses_at().map_or(NanoUsd::ZERO, |bound| {
        balance.used().saturating_sub(bound).max(NanoUsd::ZERO)
    });
    let trips = trips::of(admin, &cap, &used.values, bounds).await?;
    Ok(CapState {
        overrun_nanousd: beyond.saturating_add(passed),
        trips,
        version,
        spent_nanousd: balance.spent_nanousd,
        reserved_nanousd: balance.reserved_nanousd,
        unsettled_nanousd: balance.unsettled_nanousd,
        period_start_ms: starts_ms,
        resets_ms,
        resets_text: resets_text(resets_ms, &cap.time_zone).map_err(no_period)?,
        in_force: steps_in_force(&cap.steps, balance.used(), cap.limit_nanousd),
        values: used.values,
        cap,
    })
}

/// Under which name the ledger counts a cap that does not count each value on its own.
fn key_of(name: &str, scope: &CapScope) -> String {
    match scope {
        CapScope::One { subject, value } if *subject != CapSubject::Tier => ledger_key(name, *subject, value),
        _ => name.to_owned(),
    }
}

/// By how much the calls under way may still pass a balanced cap; of each value, the largest.
async fn beyond(admin: &Admin, cap: &Cap, counted: CountedStarts) -> Result<NanoUsd, ApiError> {
    if cap.manner.mode == CapMode::Strict || cap.refuses_at().is_none() {
        return Ok(NanoUsd::ZERO);
    }
    let keys = match &cap.scope {
        CapScope::Each(subject) => {
            let prefix = ledger_prefix(&cap.name, *subject);
            let top = admin
                .store
                .top_balances(&prefix, counted, MOST_VALUES_SHOWN)
                .await;
            top.map_err(from_store)?.into_iter().map(|(key, _)| key).collect()
        }
        scope => vec![key_of(&cap.name, scope)],
    };
    let mut most = NanoUsd::ZERO;
    for key in keys {
        most = most.max(admin.store.open_beyond(&key, counted).await.map_err(from_store)?);
    }
    Ok(most)
}

async fn of_key(
    admin: &Admin,
    key: &str,
    counted: CountedStarts,
    bounds: PeriodBounds,
) -> Result<Used, ApiError> {
    let balances = admin.store.balances(key, counted).await.map_err(from_store)?;
    Ok(used(admin, key, &balances, bounds))
}

fn used(admin: &Admin, key: &str, balances: &[(i64, CapBalance)], bounds: PeriodBounds) -> Used {
    let oldest = balances
        .iter()
        .find(|(_, balance)| balance.used() > NanoUsd::ZERO);
    let oldest_ms = oldest.map(|(start_ms, _)| *start_ms);
    let parts = balances.iter().map(|(_, balance)| *balance);
    let mut balance = parts.fold(CapBalance::default(), CapBalance::plus);
    // Memory knows this gateway's newest calls, the database those of all gateways; never show less than either.
    balance.reserved_nanousd = balance.reserved_nanousd.max(held(admin, key, bounds));
    Used {
        balance,
        oldest_ms,
        values: Vec::new(),
    }
}

/// The values that have spent most; the cap itself shows the first of them, which is nearest to its limit.
async fn of_each(
    admin: &Admin,
    cap: &Cap,
    subject: CapSubject,
    counted: CountedStarts,
    bounds: PeriodBounds,
) -> Result<Used, ApiError> {
    let prefix = ledger_prefix(&cap.name, subject);
    let top = admin
        .store
        .top_balances(&prefix, counted, MOST_VALUES_SHOWN)
        .await
        .map_err(from_store)?;
    let mut used = match top.first() {
        // The sum over a single period is that period's balance.
        Some((key, balance)) if counted.first_ms == counted.last_ms => {
            used(admin, key, &[(counted.first_ms, *balance)], bounds)
        }
        Some((key, _)) => of_key(admin, key, counted, bounds).await?,
        None => Used::default(),
    };
    used.values = top
        .into_iter()
        .filter_map(|(key, balance)| {
            Some(CapValueState {
                value: value_of(&prefix, &key)?,
                spent_nanousd: balance.spent_nanousd,
                reserved_nanousd: balance.reserved_nanousd.max(held(admin, &key, bounds)),
                unsettled_nanousd: balance.unsettled_nanousd,
            })
        })
        .collect();
    Ok(used)
}

fn held(admin: &Admin, key: &str, bounds: PeriodBounds) -> NanoUsd {
    admin.live.held(key, bounds.start_ms).unwrap_or(NanoUsd::ZERO)
}

/// A period that cannot be found: the zone's name is wrong, or the machine's clock is.
pub(super) fn no_period(error: PeriodError) -> ApiError {
    ApiError::invalid(format!("cap.time_zone: {error}"))
}
