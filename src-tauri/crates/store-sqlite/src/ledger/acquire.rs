//! Grants a lease: the one place where a cap's room is decided.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::NanoUsd;
use weir_engine::store::{LeaseRequest, StoreError};

/// Grants between `need` and `want`, or nothing.
pub(super) struct Acquire(pub(super) LeaseRequest);

#[async_trait]
impl Operation for Acquire {
    type Reply = NanoUsd;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<NanoUsd, StoreError> {
        let granted = self.grant(connection).await?;
        if granted > 0 {
            self.book(connection, granted).await?;
        }
        Ok(NanoUsd(granted))
    }
}

impl Acquire {
    /// Writes the grant's ledger row, if there is room for it, and says how much it is.
    ///
    /// Room is the limit without what is committed in the periods that count together, and without what leases spent or
    /// hold beyond their grants. Where more was spent than is committed, that counts instead.
    async fn grant(&self, connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let LeaseRequest {
            key,
            limit_nanousd,
            need_nanousd,
            want_nanousd,
            now_ms,
            counted,
            ..
        } = &self.0;
        let least = need_nanousd.0.max(1);
        let most = want_nanousd.0.max(least);
        let granted = sqlx::query_scalar!(
            "INSERT INTO ledger (kind, cap, period_start_ms, lease_id, amount_nanousd, at_ms)
             SELECT 'grant', ?1, ?2, ?3, min(?4, room), ?5
             FROM (SELECT ?6 - coalesce(sum(max(
                     committed_nanousd + coalesce((
                         SELECT sum(max(spent_nanousd + reserved_nanousd - granted_nanousd + returned_nanousd, 0))
                         FROM leases
                         WHERE leases.cap = balances.cap AND leases.period_start_ms = balances.period_start_ms), 0),
                     spent_nanousd + reserved_nanousd)), 0) AS room
                   FROM cap_balances AS balances WHERE cap = ?1 AND period_start_ms BETWEEN ?8 AND ?9)
             WHERE room >= ?7
             RETURNING amount_nanousd",
            key.cap,
            key.period_start_ms,
            key.lease_id,
            most,
            now_ms,
            limit_nanousd.0,
            least,
            counted.first_ms,
            counted.last_ms
        )
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(granted.unwrap_or(0))
    }

    async fn book(&self, connection: &mut SqliteConnection, granted: i64) -> Result<(), StoreError> {
        let LeaseRequest {
            key,
            gateway_id,
            now_ms,
            ..
        } = &self.0;
        sqlx::query!(
            "INSERT INTO cap_balances (cap, period_start_ms, committed_nanousd) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET committed_nanousd = committed_nanousd + excluded.committed_nanousd;
             INSERT INTO leases (cap, period_start_ms, lease_id, gateway_id, granted_nanousd) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET granted_nanousd = granted_nanousd + excluded.granted_nanousd;
             INSERT INTO gateways (id, first_ms, last_beat_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            key.cap,
            key.period_start_ms,
            granted,
            key.cap,
            key.period_start_ms,
            key.lease_id,
            gateway_id,
            granted,
            gateway_id,
            now_ms,
            now_ms
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}
