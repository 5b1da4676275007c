//! At which hours a cap that looks ahead changed the ladder, or would have: its forecast replayed over the hours there were.

use super::state::no_period;
use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    model::cap::{Cap, CapScope, CapTrip, CapValueState},
};
use weir_engine::budget::{
    ahead::{dimension_of, replay, spent_by_hour, whole_hours},
    period::{PeriodBounds, resets_text},
};

/// Most changes that are told of.
pub(super) const MOST_TRIPS: usize = 50;
const HOUR_MS: i64 = 3_600_000;

/// The changes in the period that has `bounds`, up to now; none of a cap that does not look ahead.
pub(super) async fn of(
    admin: &Admin,
    cap: &Cap,
    values: &[CapValueState],
    bounds: PeriodBounds,
) -> Result<Vec<CapTrip>, ApiError> {
    let names: Vec<&str> = match &cap.scope {
        CapScope::Each(_) => values.iter().map(|value| value.value.as_str()).collect(),
        CapScope::One { value, .. } => vec![value],
        CapScope::Global => vec![""],
    };
    of_values(admin, cap, &names, bounds).await
}

/// The same for these values.
pub(super) async fn of_values(
    admin: &Admin,
    cap: &Cap,
    values: &[&str],
    bounds: PeriodBounds,
) -> Result<Vec<CapTrip>, ApiError> {
    let (Some(dynamic), Some(dimension)) = (cap.manner.dynamic, dimension_of(&cap.scope)) else {
        return Ok(Vec::new());
    };
    let now_ms = admin.clock.now_ms();
    let (first_ms, in_period) = whole_hours(bounds);
    let is_each = matches!(cap.scope, CapScope::Each(_));
    let mut trips = Vec::new();
    for value in values {
        let hours = spent_by_hour(&*admin.store, dimension, value, bounds, now_ms)
            .await
            .map_err(from_store)?;
        let mut before = 0;
        for outlook in replay(&hours, in_period, cap.limit_nanousd, dynamic) {
            if outlook.tiers_down == before {
                continue;
            }
            before = outlook.tiers_down;
            let at_ms = first_ms + outlook.hour as i64 * HOUR_MS;
            trips.push(CapTrip {
                value: if is_each {
                    (*value).to_owned()
                } else {
                    String::new()
                },
                at_ms,
                at_text: resets_text(at_ms, &cap.time_zone).map_err(no_period)?,
                tiers_down: outlook.tiers_down,
                spent_nanousd: outlook.spent,
                forecast_nanousd: outlook.forecast,
            });
        }
    }
    trips.sort_by_key(|trip| trip.at_ms);
    trips.truncate(MOST_TRIPS);
    Ok(trips)
}
