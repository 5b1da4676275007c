//! What caps that look ahead foresee now, computed once an hour for each value from the sums by hour.

use super::forecast::{Outlook, replay, whole_hours};
use crate::{
    budget::{
        counted::Counted,
        period::{PeriodBounds, period_bounds},
    },
    engine::{Engine, lock},
    store::{Dimension, RollupStore, StoreError},
};
use std::{collections::HashMap, sync::Mutex};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{CapDynamic, CapScope, CapSubject},
        time::TimeRange,
    },
};

const HOUR_MS: i64 = 3_600_000;
/// Most outlooks that are kept; values come from clients.
const MOST_KEPT: usize = 10_000;

const NOTHING: Outlook = Outlook {
    hour: 0,
    tiers_down: 0,
    spent: NanoUsd::ZERO,
    forecast: NanoUsd::ZERO,
};

/// An outlook and what it was made of.
#[derive(Debug, Clone, Copy)]
struct Kept {
    hour_ms: i64,
    limit: NanoUsd,
    dynamic: CapDynamic,
    outlook: Outlook,
}

/// See the module's words.
#[derive(Debug, Default)]
pub struct Outlooks {
    by_ledger_key: Mutex<HashMap<String, Kept>>,
}

impl Outlooks {
    /// What the cap foresees for this call; nothing where it does not look ahead.
    pub(crate) async fn tiers_down(
        &self,
        engine: &Engine,
        counted: &Counted<'_>,
        now_ms: i64,
    ) -> Result<Outlook, StoreError> {
        let cap = counted.cap;
        let (Some(dynamic), Some(dimension)) = (cap.manner.dynamic, dimension_of(&cap.scope)) else {
            return Ok(NOTHING);
        };
        // A zone that is unknown is told of where money is held.
        let Ok(bounds) = period_bounds(cap.period, &cap.time_zone, now_ms) else {
            return Ok(NOTHING);
        };
        let hour_ms = now_ms - now_ms.rem_euclid(HOUR_MS);
        let limit = cap.limit_nanousd;
        let known = lock(&self.by_ledger_key).get(&counted.ledger_key).copied();
        if let Some(known) = known
            && (known.hour_ms, known.limit, known.dynamic) == (hour_ms, limit, dynamic)
        {
            return Ok(known.outlook);
        }
        let hours = spent_by_hour(&*engine.store, dimension, &counted.value, bounds, now_ms).await?;
        let (_, in_period) = whole_hours(bounds);
        let outlook = replay(&hours, in_period, limit, dynamic)
            .last()
            .copied()
            .unwrap_or(NOTHING);
        let mut kept = lock(&self.by_ledger_key);
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, known| known.hour_ms == hour_ms);
        }
        if kept.len() < MOST_KEPT {
            let known = Kept {
                hour_ms,
                limit,
                dynamic,
                outlook,
            };
            kept.insert(counted.ledger_key.clone(), known);
        }
        Ok(outlook)
    }
}

/// The rollups' dimension that tells spend apart as the scope does.
#[must_use]
pub fn dimension_of(scope: &CapScope) -> Option<Dimension> {
    Some(match scope.subject() {
        None => Dimension::All,
        Some(CapSubject::Tier) => Dimension::Tier,
        Some(CapSubject::Key) => Dimension::Key,
        Some(CapSubject::User) => Dimension::User,
        Some(CapSubject::Team) => Dimension::Team,
        Some(CapSubject::Intent) => Dimension::Intent,
        Some(CapSubject::Model) => Dimension::Model,
        Some(CapSubject::Event) => Dimension::Event,
    })
}

/// What was spent in each whole hour of the period that has passed.
///
/// # Errors
/// The store's.
pub async fn spent_by_hour<S: RollupStore + ?Sized>(
    store: &S,
    dimension: Dimension,
    value: &str,
    bounds: PeriodBounds,
    now_ms: i64,
) -> Result<Vec<i64>, StoreError> {
    let (first_ms, in_period) = whole_hours(bounds);
    let passed = usize::try_from((now_ms - first_ms).max(0) / HOUR_MS).unwrap_or(0);
    let mut hours = vec![0_i64; passed.min(in_period)];
    let range = TimeRange {
        from_ms: first_ms,
        to_ms: first_ms + hours.len() as i64 * HOUR_MS,
    };
    for hour in store.value_hours(dimension, value, range).await? {
        let index = usize::try_from((hour.at_ms - first_ms) / HOUR_MS).unwrap_or(usize::MAX);
        if let Some(spent) = hours.get_mut(index) {
            *spent = spent.saturating_add(hour.cost_nanousd);
        }
    }
    Ok(hours)
}
