//! How many requests of the last 24 hours each variant got.

use crate::{Admin, from_store, span};
use std::collections::HashMap;
use weir_contract::{
    ApiError,
    model::{
        rollout::{Rollout, RolloutState},
        time::TimeRange,
    },
};
use weir_engine::store::{Dimension, Grain, RollupPoint};

const DAY_MS: i64 = 86_400_000;

/// Requests by `rollout=variant`.
pub(super) struct Shares(HashMap<String, i64>);

impl Shares {
    /// Reads the last 24 hours.
    pub(super) async fn read(admin: &Admin) -> Result<Shares, ApiError> {
        let to_ms = admin.clock.now_ms();
        let last_day = TimeRange {
            from_ms: to_ms - DAY_MS,
            to_ms: to_ms + 1,
        };
        let range = span::aligned(last_day, Grain::Minute.length_ms());
        let rows = admin
            .store
            .rollup_series(Dimension::Variant, Grain::Minute, range, range.length_ms())
            .await
            .map_err(from_store)?;
        Ok(Shares::of(rows))
    }

    fn of(rows: Vec<RollupPoint>) -> Shares {
        let mut requests = HashMap::new();
        for row in rows {
            *requests.entry(row.value).or_insert(0) += row.counters.requests;
        }
        Shares(requests)
    }

    /// The rollout with its measured share.
    pub(super) fn state(&self, rollout: Rollout, version: i64) -> RolloutState {
        let of = |variant: &str| {
            self.0
                .get(&format!("{}={variant}", rollout.name))
                .copied()
                .unwrap_or(0)
        };
        RolloutState {
            new_requests: of("new"),
            old_requests: of("old"),
            rollout,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rollout, RollupPoint, Shares};
    use weir_contract::model::rollout::VariantChange;
    use weir_engine::store::Counters;

    #[test]
    fn variants_of_this_rollout_alone_are_counted() {
        let row = |value: &str, requests| RollupPoint {
            at_ms: 0,
            value: value.to_owned(),
            counters: Counters {
                requests,
                ..Counters::default()
            },
        };
        let shares = Shares::of(vec![
            row("cheap=new", 2),
            row("cheap=old", 5),
            row("cheap=new", 1),
            row("cheaper=new", 9),
        ]);
        let rollout = Rollout {
            name: "cheap".into(),
            description: String::new(),
            basis_points: 1_250,
            enabled: true,
            change: VariantChange::default(),
        };
        let state = shares.state(rollout, 4);
        assert_eq!((state.new_requests, state.old_requests, state.version), (3, 5, 4));
    }
}
