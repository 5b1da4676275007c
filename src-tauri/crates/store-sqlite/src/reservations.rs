//! Money held for calls under way: opening a reservation, and settling it.

use crate::{
    error::{from_sqlx, inconsistent},
    ledger::{charge, hold, release},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::{LeaseKey, OpenReservation, Settlement, StoreError};

/// Keeps a reservation; nothing when it is open, or its request is recorded already.
pub(crate) struct Open(pub(crate) OpenReservation);

#[async_trait]
impl Operation for Open {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let reservation = &self.0;
        let wrong = |column| move |error| inconsistent("reservations", column, &reservation.id, error);
        let leases = serde_json::to_string(&reservation.leases).map_err(wrong("leases"))?;
        let request = serde_json::to_string(&reservation.row).map_err(wrong("request"))?;
        let opened = sqlx::query!(
            "INSERT INTO reservations (id, gateway_id, amount_nanousd, leases, opened_ms, request)
             SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM requests WHERE id = ?)
             ON CONFLICT (id) DO NOTHING",
            reservation.id,
            reservation.gateway_id,
            reservation.amount_nanousd.0,
            leases,
            reservation.opened_ms,
            request,
            reservation.row.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if opened.rows_affected() > 0 {
            for lease in one_per_cap(&reservation.leases) {
                hold(connection, lease, reservation.amount_nanousd.0).await?;
            }
        }
        Ok(())
    }
}

/// Takes the reservation away, gives free what it held and charges what was spent. Works without a reservation, too.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    settlement: &Settlement,
    at_ms: i64,
) -> Result<(), StoreError> {
    let id = &settlement.reservation_id;
    let open = sqlx::query!(
        "DELETE FROM reservations WHERE id = ? RETURNING amount_nanousd, leases",
        id
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if let Some(open) = open {
        for lease in one_per_cap(&read_leases(id, &open.leases)?) {
            release(connection, lease, open.amount_nanousd).await?;
        }
    }
    if settlement.amount_nanousd.0 == 0 {
        return Ok(());
    }
    for lease in one_per_cap(&settlement.leases) {
        charge(
            connection,
            lease,
            id,
            settlement.amount_nanousd.0,
            settlement.settled,
            at_ms,
        )
        .await?;
    }
    Ok(())
}

/// A call counts once against a cap, even if two of its leases were named.
fn one_per_cap(leases: &[LeaseKey]) -> Vec<&LeaseKey> {
    let mut kept: Vec<&LeaseKey> = Vec::with_capacity(leases.len());
    for lease in leases {
        let same =
            |other: &&LeaseKey| other.cap == lease.cap && other.period_start_ms == lease.period_start_ms;
        if !kept.iter().any(same) {
            kept.push(lease);
        }
    }
    kept
}

pub(crate) fn read_leases(reservation: &str, json: &str) -> Result<Vec<LeaseKey>, StoreError> {
    serde_json::from_str(json).map_err(|error| inconsistent("reservations", "leases", reservation, error))
}
