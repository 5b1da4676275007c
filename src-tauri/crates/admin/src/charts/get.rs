//! `charts.get`: one chart's series over a range.

use super::series;
use crate::{
    Admin, check, from_store,
    span::{Buckets, MOST_BUCKETS, MOST_LATENCY_BUCKETS, MOST_SHARE_BUCKETS},
};
use weir_contract::{
    ApiError,
    command::charts::ChartsGet,
    model::chart::{ChartData, ChartKind},
};
use weir_engine::store::{Dimension, RollupPoint};

/// At most 90 buckets (32 for percentiles, 16 for shares) of a readable width that cover the range; the first may start before it.
///
/// # Errors
/// `InvalidArgument` for a range that is empty or longer than 400 days; failures of the database.
pub async fn get(admin: &Admin, command: ChartsGet) -> Result<ChartData, ApiError> {
    check::range(command.range)?;
    let most = match command.kind {
        ChartKind::Cost => MOST_BUCKETS,
        ChartKind::Latency => MOST_LATENCY_BUCKETS,
        ChartKind::HitRate | ChartKind::Rollout => MOST_SHARE_BUCKETS,
    };
    let buckets = Buckets::covering(command.range, admin.clock.now_ms(), most);
    let series = match command.kind {
        ChartKind::Cost => series::cost(&buckets, &rows(admin, &buckets, Dimension::Tier).await?),
        ChartKind::HitRate => series::hit_rate(&buckets, &rows(admin, &buckets, Dimension::Intent).await?),
        ChartKind::Rollout => series::rollout(&buckets, &rows(admin, &buckets, Dimension::Variant).await?),
        ChartKind::Latency => {
            let points = admin
                .store
                .latency_series(buckets.grain, buckets.range(), buckets.width_ms)
                .await
                .map_err(from_store)?;
            series::latency(&buckets, &points)
        }
    };
    Ok(ChartData {
        kind: command.kind,
        from_ms: buckets.from_ms,
        bucket_ms: buckets.width_ms,
        buckets: buckets.count,
        series,
    })
}

async fn rows(admin: &Admin, buckets: &Buckets, dimension: Dimension) -> Result<Vec<RollupPoint>, ApiError> {
    admin
        .store
        .rollup_series(dimension, buckets.grain, buckets.range(), buckets.width_ms)
        .await
        .map_err(from_store)
}
