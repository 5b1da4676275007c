//! Sums of requests per minute and hour.

mod fold;
mod series;
mod spend;

pub(crate) use fold::FoldTask;

use crate::PostgresStore;
use async_trait::async_trait;
use weir_contract::{NanoUsd, model::time::TimeRange};
use weir_engine::store::{
    BoughtRequest, Dimension, Grain, HourSpend, LatencyPoint, RollupPoint, RollupStore, StoreError,
};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_ROWS_KEPT_MS: i64 = 48 * HOUR_MS;
const HOUR_ROWS_KEPT_MS: i64 = 400 * 24 * HOUR_MS;

#[async_trait]
impl RollupStore for PostgresStore {
    async fn rollup_series(
        &self,
        dimension: Dimension,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<RollupPoint>, StoreError> {
        self.present(series::counters(self.pool(), dimension, grain, range, step_ms))
            .await
    }

    async fn latency_series(
        &self,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<LatencyPoint>, StoreError> {
        self.present(series::latency(self.pool(), grain, range, step_ms))
            .await
    }

    async fn value_hours(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
    ) -> Result<Vec<HourSpend>, StoreError> {
        self.present(spend::hours(self.pool(), dimension, value, range))
            .await
    }

    async fn values_above(
        &self,
        dimension: Dimension,
        range: TimeRange,
        least: NanoUsd,
        most: u32,
    ) -> Result<Vec<(String, HourSpend)>, StoreError> {
        self.present(spend::values_above(self.pool(), dimension, range, least, most))
            .await
    }

    async fn all_spend(&self, range: TimeRange) -> Result<HourSpend, StoreError> {
        self.present(spend::all(self.pool(), range)).await
    }

    async fn bought_requests(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
        most: u32,
    ) -> Result<Vec<BoughtRequest>, StoreError> {
        self.present(spend::bought_requests(self.pool(), dimension, value, range, most))
            .await
    }

    async fn fold_rollups(&self) -> Result<(), StoreError> {
        self.present(fold::fold(self.pool())).await
    }

    async fn expire_rollups(&self, now_ms: i64) -> Result<u64, StoreError> {
        let mut removed = 0;
        for (grain, kept_ms) in [
            (Grain::Minute, MINUTE_ROWS_KEPT_MS),
            (Grain::Hour, HOUR_ROWS_KEPT_MS),
        ] {
            let before_ms = now_ms.saturating_sub(kept_ms);
            for dimension in Dimension::ALL {
                removed += self
                    .asked(
                        sqlx::query!(
                            "DELETE FROM rollup_counters WHERE grain = $1 AND dimension = $2 AND at_ms < $3",
                            name(grain),
                            dimension.as_str(),
                            before_ms
                        )
                        .execute(self.pool()),
                    )
                    .await?
                    .rows_affected();
            }
            removed += self
                .asked(
                    sqlx::query!(
                        "DELETE FROM rollup_latency WHERE grain = $1 AND at_ms < $2",
                        name(grain),
                        before_ms
                    )
                    .execute(self.pool()),
                )
                .await?
                .rows_affected();
        }
        Ok(removed)
    }
}

/// The grain's name in rows.
fn name(grain: Grain) -> &'static str {
    match grain {
        Grain::Minute => "minute",
        Grain::Hour => "hour",
    }
}
