//! Gives back unspent money of leases.

use crate::{error::from_sqlx, text::storable};
use sqlx::{PgConnection, PgPool};
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseKey, LeaseReturn, StoreError};

/// At most what the lease still has beyond charges and open reservations, so that a late or repeated return cannot
/// give money away twice. An unknown lease has nothing.
pub(super) async fn give_back(
    pool: &PgPool,
    key: &LeaseKey,
    most: NanoUsd,
) -> Result<LeaseReturn, StoreError> {
    // The time is the period's, for want of a better one: the caller hands none in.
    let returned = sqlx::query!(
        "WITH found AS (
             SELECT held_nanousd - freed_nanousd AS reserved,
                    least($4, granted_nanousd - returned_nanousd - spent_nanousd - held_nanousd + freed_nanousd) AS amount
             FROM leases WHERE cap = $1 AND period_start_ms = $2 AND lease_id = $3 FOR UPDATE
         ),
         moved AS (
             UPDATE leases SET returned_nanousd = returned_nanousd + found.amount FROM found
             WHERE cap = $1 AND period_start_ms = $2 AND lease_id = $3 AND found.amount > 0
             RETURNING found.amount
         ),
         written AS (
             INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
             SELECT 'return', $1, $2, $3, amount, $2 FROM moved
         )
         SELECT reserved AS \"reserved!\", greatest(amount, 0) AS \"taken!\" FROM found",
        storable(&key.cap).into_owned(),
        key.period_start_ms,
        storable(&key.lease_id).into_owned(),
        most.0
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(
        returned.map_or_else(LeaseReturn::default, |returned| LeaseReturn {
            taken_nanousd: NanoUsd(returned.taken),
            reserved_nanousd: NanoUsd(returned.reserved),
        }),
    )
}

/// The rest of all leases of gateways without a beat since `dead_before_ms`.
pub(super) async fn give_back_of_the_dead(
    connection: &mut PgConnection,
    dead_before_ms: i64,
    now_ms: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH rest AS (
             SELECT cap, period_start_ms, lease_id,
                    granted_nanousd - returned_nanousd - spent_nanousd - held_nanousd + freed_nanousd AS amount
             FROM leases
             WHERE gateway_id IN (SELECT id FROM gateways WHERE last_beat_ms < $1)
               AND granted_nanousd > returned_nanousd + spent_nanousd + held_nanousd - freed_nanousd
             ORDER BY cap, period_start_ms, lease_id FOR UPDATE
         ),
         moved AS (
             UPDATE leases SET returned_nanousd = returned_nanousd + rest.amount FROM rest
             WHERE leases.cap = rest.cap AND leases.period_start_ms = rest.period_start_ms
               AND leases.lease_id = rest.lease_id AND rest.amount > 0
             RETURNING rest.*
         )
         INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
         SELECT 'return', cap, period_start_ms, lease_id, amount, $2 FROM moved",
        dead_before_ms,
        now_ms
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
