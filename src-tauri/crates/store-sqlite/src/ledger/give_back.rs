//! Gives back unspent money of a lease.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseKey, LeaseReturn, StoreError};

/// At most what the lease still has beyond charges and open reservations, so that a late or repeated return cannot
/// give money away twice. An unknown lease has nothing.
pub(super) struct GiveBack {
    pub(super) key: LeaseKey,
    pub(super) unspent_nanousd: NanoUsd,
}

#[async_trait]
impl Operation for GiveBack {
    type Reply = LeaseReturn;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<LeaseReturn, StoreError> {
        let key = &self.key;
        // The time is the grant's, for want of a better one: the caller hands none in.
        let taken = give_back(connection, key, self.unspent_nanousd.0, None).await?;
        let reserved = sqlx::query_scalar!(
            "SELECT reserved_nanousd FROM leases WHERE cap = ? AND period_start_ms = ? AND lease_id = ?",
            key.cap,
            key.period_start_ms,
            key.lease_id
        )
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(LeaseReturn {
            taken_nanousd: NanoUsd(taken),
            reserved_nanousd: NanoUsd(reserved.unwrap_or(0)),
        })
    }
}

/// Moves at most `most_nanousd` from the lease back to the cap, and says how much.
pub(super) async fn give_back(
    connection: &mut SqliteConnection,
    key: &LeaseKey,
    most_nanousd: i64,
    at_ms: Option<i64>,
) -> Result<i64, StoreError> {
    let given = sqlx::query_scalar!(
        "INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
         SELECT 'return', ?1, ?2, ?3, min(?4, rest), coalesce(?5, ?2)
         FROM (SELECT granted_nanousd - returned_nanousd - spent_nanousd - reserved_nanousd AS rest
               FROM leases WHERE cap = ?1 AND period_start_ms = ?2 AND lease_id = ?3)
         WHERE min(?4, rest) > 0
         RETURNING amount_nanousd",
        key.cap,
        key.period_start_ms,
        key.lease_id,
        most_nanousd,
        at_ms
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let Some(given) = given else { return Ok(0) };
    sqlx::query!(
        "UPDATE leases SET returned_nanousd = returned_nanousd + ?
         WHERE cap = ? AND period_start_ms = ? AND lease_id = ?;
         UPDATE cap_balances SET committed_nanousd = committed_nanousd - ? WHERE cap = ? AND period_start_ms = ?",
        given,
        key.cap,
        key.period_start_ms,
        key.lease_id,
        given,
        key.cap,
        key.period_start_ms
    )
    .execute(connection)
    .await
    .map(|_| given)
    .map_err(from_sqlx)
}
