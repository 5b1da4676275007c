//! Grants a lease. The room is decided by the function `grant_lease`, in the migrations.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseRequest, StoreError};

/// Grants between `need` and `want`, or nothing. Not tried again when the answer is lost: what may have been granted
/// unheard is out of the cap, which is the safe side, and comes back when the gateway's leases are returned.
pub(super) async fn acquire(pool: &PgPool, request: &LeaseRequest) -> Result<NanoUsd, StoreError> {
    let least = request.need_nanousd.0.max(1);
    let most = request.want_nanousd.0.max(least);
    let granted = sqlx::query_scalar!(
        "SELECT grant_lease($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS \"granted!\"",
        storable(&request.key.cap).into_owned(),
        request.key.period_start_ms,
        storable(&request.key.lease_id).into_owned(),
        storable(&request.gateway_id).into_owned(),
        request.limit_nanousd.0,
        least,
        most,
        request.now_ms,
        request.counted.first_ms,
        request.counted.last_ms
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(NanoUsd(granted))
}
