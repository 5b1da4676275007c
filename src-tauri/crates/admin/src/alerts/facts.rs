//! Rollups as the conditions want them. Raw requests are never read.

use crate::{Admin, from_store};
use std::collections::BTreeMap;
use weir_contract::{
    ApiError,
    model::{
        cap::{CapScope, CapSubject},
        time::TimeRange,
    },
};
use weir_engine::{
    alert::{DAY_MS, HOUR_MS, hours::Hours},
    store::{Counters, Dimension, Grain},
};

/// How far back a forecast looks: four weeks, and one more for the weeks of a month that are still to come.
pub(super) const FORECAST_LOOKS_BACK_MS: i64 = 35 * DAY_MS;

/// The hours of everything that start in `[from_ms, to_ms)`; `from_ms` is the start of an hour.
pub(super) async fn hours_of_all(admin: &Admin, from_ms: i64, to_ms: i64) -> Result<Hours, ApiError> {
    let found = by_value(admin, Dimension::All, from_ms, to_ms, HOUR_MS).await?;
    Ok(Hours::new(found.into_values().flatten()))
}

/// The days of each model; `from_ms` is the start of a day.
pub(super) async fn days_of_models(
    admin: &Admin,
    from_ms: i64,
    to_ms: i64,
) -> Result<BTreeMap<String, Hours>, ApiError> {
    let found = by_value(admin, Dimension::Model, from_ms, to_ms, DAY_MS).await?;
    let hours = found.into_iter().map(|(model, rows)| (model, Hours::new(rows)));
    Ok(hours.collect())
}

/// The hours of what a cap counts, where rollups are kept by it and have few values: all spend, or that of a tier.
pub(super) async fn hours_of_scope(
    admin: &Admin,
    scope: &CapScope,
    from_ms: i64,
    to_ms: i64,
) -> Result<Option<Hours>, ApiError> {
    match scope {
        CapScope::Global => hours_of_all(admin, from_ms, to_ms).await.map(Some),
        CapScope::One {
            subject: CapSubject::Tier,
            value,
        } => {
            let mut tiers = by_value(admin, Dimension::Tier, from_ms, to_ms, HOUR_MS).await?;
            Ok(Some(Hours::new(tiers.remove(value).unwrap_or_default())))
        }
        _ => Ok(None),
    }
}

async fn by_value(
    admin: &Admin,
    dimension: Dimension,
    from_ms: i64,
    to_ms: i64,
    step_ms: i64,
) -> Result<BTreeMap<String, Vec<(i64, Counters)>>, ApiError> {
    let range = TimeRange { from_ms, to_ms };
    let points = admin
        .store
        .rollup_series(dimension, Grain::Hour, range, step_ms)
        .await
        .map_err(from_store)?;
    let mut found: BTreeMap<String, Vec<(i64, Counters)>> = BTreeMap::new();
    for point in points {
        found
            .entry(point.value)
            .or_default()
            .push((point.at_ms, point.counters));
    }
    Ok(found)
}
