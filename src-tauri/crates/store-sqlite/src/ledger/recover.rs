//! Charges what dead gateways may have spent and takes back the rest of their leases.

use super::give_back::give_back;
use crate::{
    error::{from_sqlx, inconsistent},
    requests::{Details, insert_request},
    reservations::{Settling, read_leases, settle},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use weir_contract::{
    NanoUsd,
    model::request::{CostBasis, RequestRow},
};
use weir_engine::store::{LeaseKey, Settlement, StoreError};

/// All gateways without a beat since `dead_before_ms`, in one transaction. A gateway that never beat counts from its
/// reservation's opening.
pub(super) struct Recover {
    pub(super) dead_before_ms: i64,
    pub(super) now_ms: i64,
}

#[async_trait]
impl Operation for Recover {
    type Reply = u64;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let charged = self.charge_open_reservations(connection).await?;
        let leases = sqlx::query_as!(
            LeaseKey,
            "SELECT cap, period_start_ms AS \"period_start_ms!\", lease_id FROM leases
             WHERE gateway_id IN (SELECT id FROM gateways WHERE last_beat_ms < ?)
               AND granted_nanousd > returned_nanousd + spent_nanousd + reserved_nanousd",
            self.dead_before_ms
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        for lease in &leases {
            give_back(connection, lease, i64::MAX, Some(self.now_ms)).await?;
        }
        sqlx::query!("DELETE FROM gateways WHERE last_beat_ms < ?", self.dead_before_ms)
            .execute(connection)
            .await
            .map_err(from_sqlx)?;
        Ok(charged)
    }
}

impl Recover {
    async fn charge_open_reservations(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let open = sqlx::query!(
            "SELECT reservations.id, amount_nanousd, leases, request FROM reservations
             LEFT JOIN gateways ON gateways.id = gateway_id
             WHERE coalesce(last_beat_ms, opened_ms) < ?
             ORDER BY opened_ms, reservations.id",
            self.dead_before_ms
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let charged = open.len() as u64;
        // Attempts of one request are one row that costs what they cost together.
        let mut requests: BTreeMap<String, RequestRow> = BTreeMap::new();
        for reservation in open {
            let settlement = Settlement {
                leases: read_leases(&reservation.id, &reservation.leases)?,
                reservation_id: reservation.id,
                amount_nanousd: NanoUsd(reservation.amount_nanousd),
                settled: false,
            };
            let settling = Settling {
                settlement: &settlement,
                at_ms: self.now_ms,
            };
            settle(connection, &[settling]).await?;
            let mut row: RequestRow = serde_json::from_str(&reservation.request).map_err(|error| {
                inconsistent("reservations", "request", &settlement.reservation_id, error)
            })?;
            let before = requests
                .get(&row.id)
                .map_or(NanoUsd::ZERO, |row| row.cost_nanousd);
            row.cost_nanousd = before.saturating_add(settlement.amount_nanousd);
            row.cost_basis = CostBasis::Unsettled;
            requests.insert(row.id.clone(), row);
        }
        for row in requests.values() {
            insert_request(connection, row, Details::default()).await?;
        }
        Ok(charged)
    }
}
