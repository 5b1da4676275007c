//! How far calls under way may lead beyond what a cap holds for them.

use crate::error::from_sqlx;
use sqlx::SqlitePool;
use weir_contract::NanoUsd;
use weir_engine::{budget::period::CountedStarts, store::StoreError};

/// The sum over all open reservations that count against the cap in these periods. There are as many as calls under way.
pub(super) async fn open_beyond(
    readers: &SqlitePool,
    cap: &str,
    counted: CountedStarts,
) -> Result<NanoUsd, StoreError> {
    let beyond = sqlx::query_scalar!(
        "SELECT coalesce(sum(max(hard_bound_nanousd - coalesce(lease.value ->> 'amount_nanousd', amount_nanousd), 0)), 0)
                AS \"beyond!: i64\"
         FROM reservations, json_each(leases) AS lease
         WHERE lease.value ->> 'cap' = ? AND lease.value ->> 'period_start_ms' BETWEEN ? AND ?",
        cap,
        counted.first_ms,
        counted.last_ms
    )
    .fetch_one(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(NanoUsd(beyond))
}
