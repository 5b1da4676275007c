//! `keys.list`: all keys, revoked ones too, with what applies to each and what it spent.

use crate::{Admin, caps, config, from_store, limits};
use std::collections::HashMap;
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::keys::KeysList,
    model::{
        cap::{Cap, CapPeriod, CapScope, CapSubject},
        key::{KeyCapState, KeyState, VirtualKey},
        limit::{Limit, LimitSubject},
        time::TimeRange,
    },
};
use weir_engine::{
    budget::period::period_bounds,
    store::{Dimension, Grain},
};

/// Longer than any month.
const STEP_MS: i64 = 32 * 86_400_000;

/// All keys without their secrets, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: KeysList) -> Result<Vec<KeyState>, ApiError> {
    let mut keys = admin.store.list_keys().await.map_err(from_store)?;
    keys.sort_by(|one, other| {
        other
            .created_ms
            .cmp(&one.created_ms)
            .then_with(|| one.id.cmp(&other.id))
    });
    let spent = spent_this_month(admin).await?;
    let caps = config::all::<Cap>(admin, caps::KIND).await?;
    let caps: Vec<(Cap, i64)> = caps
        .into_iter()
        .map(|stored| (stored.value, stored.version))
        .collect();
    let limits: Vec<String> = config::all::<Limit>(admin, limits::KIND)
        .await?
        .into_iter()
        .filter(|stored| stored.value.enabled && stored.value.subject == LimitSubject::Key)
        .map(|stored| stored.name)
        .collect();
    let mut states = Vec::with_capacity(keys.len());
    for key in keys {
        states.push(KeyState {
            caps: caps_of(admin, &caps, &key).await?,
            limits: limits.clone(),
            month_spent_nanousd: spent.get(&key.id).copied().unwrap_or(NanoUsd::ZERO),
            key,
        });
    }
    Ok(states)
}

/// What each key spent since the first of the month, 00:00 UTC.
async fn spent_this_month(admin: &Admin) -> Result<HashMap<String, NanoUsd>, ApiError> {
    let now_ms = admin.clock.now_ms();
    let month = period_bounds(CapPeriod::Month, "UTC", now_ms).map_err(|problem| {
        ApiError::new(
            ErrorCode::Internal,
            format!("the machine's clock shows no month: {problem}"),
        )
    })?;
    let range = TimeRange {
        from_ms: month.start_ms,
        to_ms: now_ms.saturating_add(1),
    };
    let points = admin
        .store
        .rollup_series(Dimension::Key, Grain::Hour, range, STEP_MS)
        .await
        .map_err(from_store)?;
    let mut spent: HashMap<String, NanoUsd> = HashMap::new();
    for point in points {
        let sum = spent.entry(point.value).or_default();
        *sum = sum.saturating_add(NanoUsd(point.counters.cost_nanousd));
    }
    Ok(spent)
}

/// The caps on this key alone, or on every key on its own. None for a revoked key, which spends nothing any more.
async fn caps_of(admin: &Admin, caps: &[(Cap, i64)], key: &VirtualKey) -> Result<Vec<KeyCapState>, ApiError> {
    let mut states = Vec::new();
    for (cap, version) in caps {
        let is_of_it = match &cap.scope {
            CapScope::One { subject, value } => *subject == CapSubject::Key && *value == key.id,
            CapScope::Each(subject) => *subject == CapSubject::Key,
            CapScope::Global => false,
        };
        if !is_of_it || key.revoked_ms.is_some() {
            continue;
        }
        // The ledger counts a value alike, whether the cap names it or counts each on its own.
        let of_the_key = Cap {
            scope: CapScope::one(CapSubject::Key, &key.id),
            ..cap.clone()
        };
        let state = caps::state_of(admin, of_the_key, *version).await?;
        states.push(KeyCapState {
            name: state.cap.name,
            limit_nanousd: state.cap.limit_nanousd,
            spent_nanousd: state.spent_nanousd,
            reserved_nanousd: state.reserved_nanousd,
            enabled: state.cap.enabled,
            resets_text: state.resets_text,
        });
    }
    Ok(states)
}
