//! Sums of requests per minute and hour.

mod fold;
mod series;
mod spend;
mod sums;

pub(crate) use fold::Fold;
pub(crate) use sums::{Figures, add, counters_of};

use crate::{SqliteStore, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::{NanoUsd, model::time::TimeRange};
use weir_engine::store::{
    BoughtRequest, Dimension, Grain, HourSpend, LatencyPoint, RollupPoint, RollupStore, StoreError,
};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_ROWS_KEPT_MS: i64 = 48 * HOUR_MS;
const HOUR_ROWS_KEPT_MS: i64 = 400 * 24 * HOUR_MS;

#[async_trait]
impl RollupStore for SqliteStore {
    async fn rollup_series(
        &self,
        dimension: Dimension,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<RollupPoint>, StoreError> {
        series::counters(self.readers(), dimension, grain, range, step_ms).await
    }

    async fn latency_series(
        &self,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<LatencyPoint>, StoreError> {
        series::latency(self.readers(), grain, range, step_ms).await
    }

    async fn value_hours(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
    ) -> Result<Vec<HourSpend>, StoreError> {
        spend::hours(self.readers(), dimension, value, range).await
    }

    async fn values_above(
        &self,
        dimension: Dimension,
        range: TimeRange,
        least: NanoUsd,
        most: u32,
    ) -> Result<Vec<(String, HourSpend)>, StoreError> {
        spend::values_above(self.readers(), dimension, range, least, most).await
    }

    async fn all_spend(&self, range: TimeRange) -> Result<HourSpend, StoreError> {
        spend::all(self.readers(), range).await
    }

    async fn bought_requests(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
        most: u32,
    ) -> Result<Vec<BoughtRequest>, StoreError> {
        spend::bought_requests(self.readers(), dimension, value, range, most).await
    }

    async fn fold_rollups(&self) -> Result<(), StoreError> {
        while self.write(Fold).await? >= Fold::MOST {}
        Ok(())
    }

    async fn expire_rollups(&self, now_ms: i64) -> Result<u64, StoreError> {
        self.write(Expire { now_ms }).await
    }
}

/// The grain's name in rows.
fn name(grain: Grain) -> &'static str {
    match grain {
        Grain::Minute => "minute",
        Grain::Hour => "hour",
    }
}

/// Removes rows that are past their time.
struct Expire {
    now_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (grain, kept_ms) in [
            (Grain::Minute, MINUTE_ROWS_KEPT_MS),
            (Grain::Hour, HOUR_ROWS_KEPT_MS),
        ] {
            let grain = name(grain);
            let before_ms = self.now_ms.saturating_sub(kept_ms);
            for dimension in Dimension::ALL {
                let dimension = dimension.as_str();
                removed += sqlx::query!(
                    "DELETE FROM rollup_counters WHERE grain = ? AND dimension = ? AND at_ms < ?",
                    grain,
                    dimension,
                    before_ms
                )
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?
                .rows_affected();
            }
            removed += sqlx::query!(
                "DELETE FROM rollup_latency WHERE grain = ? AND at_ms < ?",
                grain,
                before_ms
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?
            .rows_affected();
        }
        Ok(removed)
    }
}
