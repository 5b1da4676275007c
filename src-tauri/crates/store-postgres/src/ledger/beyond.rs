//! How far calls under way may lead beyond what a cap holds for them.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::NanoUsd;
use weir_engine::{budget::period::CountedStarts, store::StoreError};

/// The sum over all open reservations that count against the cap in these periods. There are as many as calls under way.
pub(super) async fn open_beyond(
    pool: &PgPool,
    cap: &str,
    counted: CountedStarts,
) -> Result<NanoUsd, StoreError> {
    let beyond = sqlx::query_scalar!(
        "SELECT coalesce(sum(greatest(
                    hard_bound_nanousd - coalesce(lease.amount_nanousd, reservations.amount_nanousd), 0)), 0)::bigint
                AS \"beyond!\"
         FROM reservations, json_to_recordset(leases) AS lease (cap text, period_start_ms bigint, amount_nanousd bigint)
         WHERE lease.cap = $1 AND lease.period_start_ms BETWEEN $2 AND $3",
        storable(cap).into_owned(),
        counted.first_ms,
        counted.last_ms
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(NanoUsd(beyond))
}
