//! Asks gateways to give back what they hold free of a cap, and tells them what was asked.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseRecall, StoreError},
};

/// Recalls that are kept; whoever was away for longer has lost its leases anyway.
const MOST_KEPT: i64 = 1_000;

/// Asks, where a living gateway other than this one has unspent money of the cap.
pub(super) async fn recall(
    pool: &PgPool,
    cap: &str,
    counted: CountedStarts,
    gateway_id: &str,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        "SELECT recall_leases($1, $2, $3, $4, $5) AS \"asked!\"",
        storable(cap).into_owned(),
        counted.first_ms,
        counted.last_ms,
        storable(gateway_id).into_owned(),
        MOST_KEPT
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

/// What was asked after this.
pub(super) async fn after(pool: &PgPool, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
    sqlx::query_as!(
        LeaseRecall,
        "SELECT seq, cap, gateway_id FROM lease_recalls WHERE seq > $1 ORDER BY seq",
        after_seq
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)
}
