//! Money held for calls under way: opening a reservation, and settling it.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use serde::Serialize;
use sqlx::SqliteConnection;
use weir_engine::store::{HeldLease, LeaseKey, OpenReservation, Settlement, StoreError};

/// Keeps a reservation; nothing when it is open, or its request is recorded already.
pub(crate) struct Open(pub(crate) OpenReservation);

#[async_trait]
impl Operation for Open {
    type Reply = ();
    const TOGETHER: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        open(connection, &[self]).await
    }

    async fn apply_together(
        operations: &[&Open],
        connection: &mut SqliteConnection,
    ) -> Result<Vec<()>, StoreError> {
        open(connection, operations).await?;
        Ok(vec![(); operations.len()])
    }
}

/// A reservation as the statements below read it.
#[derive(Serialize)]
struct Opening<'a> {
    id: &'a str,
    request_id: &'a str,
    gateway_id: &'a str,
    amount_nanousd: i64,
    hard_bound_nanousd: i64,
    leases: Vec<&'a HeldLease>,
    opened_ms: i64,
    /// JSON of the request as known so far.
    request: String,
}

/// Keeps the reservations and holds their money in one trip. What is held is written before the reservations, because which
/// of them are new can only be seen until then.
async fn open(connection: &mut SqliteConnection, operations: &[&Open]) -> Result<(), StoreError> {
    let mut openings: Vec<Opening<'_>> = Vec::with_capacity(operations.len());
    for Open(reservation) in operations {
        if openings.iter().any(|known| known.id == reservation.id) {
            continue;
        }
        let request = serde_json::to_string(&reservation.row)
            .map_err(|error| inconsistent("reservations", "request", &reservation.id, error))?;
        openings.push(Opening {
            id: &reservation.id,
            request_id: &reservation.row.id,
            gateway_id: &reservation.gateway_id,
            amount_nanousd: reservation.amount_nanousd.0,
            hard_bound_nanousd: reservation.hard_bound_nanousd.0,
            leases: one_per_cap(&reservation.leases, |lease| &lease.key),
            opened_ms: reservation.opened_ms,
            request,
        });
    }
    let openings = encode("leases", &openings)?;
    sqlx::query!(
        "INSERT INTO cap_balances (cap, period_start_ms, reserved_nanousd)
         SELECT lease.value ->> 'cap', lease.value ->> 'period_start_ms',
                sum(coalesce(lease.value ->> 'amount_nanousd', opening.value ->> 'amount_nanousd'))
         FROM json_each(?) AS opening, json_each(opening.value, '$.leases') AS lease
         WHERE NOT EXISTS (SELECT 1 FROM requests WHERE id = opening.value ->> 'request_id')
           AND NOT EXISTS (SELECT 1 FROM reservations WHERE id = opening.value ->> 'id')
         GROUP BY 1, 2
         ON CONFLICT DO UPDATE SET reserved_nanousd = reserved_nanousd + excluded.reserved_nanousd;

         UPDATE leases SET reserved_nanousd = reserved_nanousd + held.amount_nanousd
         FROM (SELECT lease.value ->> 'cap' AS cap, lease.value ->> 'period_start_ms' AS period_start_ms,
                      lease.value ->> 'lease_id' AS lease_id,
                      sum(coalesce(lease.value ->> 'amount_nanousd', opening.value ->> 'amount_nanousd')) AS amount_nanousd
               FROM json_each(?) AS opening, json_each(opening.value, '$.leases') AS lease
               WHERE NOT EXISTS (SELECT 1 FROM requests WHERE id = opening.value ->> 'request_id')
                 AND NOT EXISTS (SELECT 1 FROM reservations WHERE id = opening.value ->> 'id')
               GROUP BY 1, 2, 3) AS held
         WHERE leases.cap = held.cap AND leases.period_start_ms = held.period_start_ms
           AND leases.lease_id = held.lease_id;

         INSERT INTO reservations (id, gateway_id, amount_nanousd, hard_bound_nanousd, leases, opened_ms, request)
         SELECT opening.value ->> 'id', opening.value ->> 'gateway_id', opening.value ->> 'amount_nanousd',
                opening.value ->> 'hard_bound_nanousd', opening.value -> 'leases', opening.value ->> 'opened_ms', opening.value ->> 'request'
         FROM json_each(?) AS opening
         WHERE NOT EXISTS (SELECT 1 FROM requests WHERE id = opening.value ->> 'request_id')
         ON CONFLICT (id) DO NOTHING",
        openings,
        openings,
        openings
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// A settlement, and when it came.
pub(crate) struct Settling<'a> {
    pub(crate) settlement: &'a Settlement,
    pub(crate) at_ms: i64,
}

/// A settlement as the statements below read it.
#[derive(Serialize)]
struct Charge<'a> {
    id: &'a str,
    amount_nanousd: i64,
    unsettled_nanousd: i64,
    settled: i64,
    at_ms: i64,
    leases: Vec<&'a LeaseKey>,
}

/// Takes the reservations away, gives free what they held and charges what was spent, in one trip. Works without a
/// reservation, too.
pub(crate) async fn settle(
    connection: &mut SqliteConnection,
    settlings: &[Settling<'_>],
) -> Result<(), StoreError> {
    if settlings.is_empty() {
        return Ok(());
    }
    let charges: Vec<Charge<'_>> = settlings
        .iter()
        .map(|Settling { settlement, at_ms }| Charge {
            id: &settlement.reservation_id,
            amount_nanousd: settlement.amount_nanousd.0,
            unsettled_nanousd: if settlement.settled {
                0
            } else {
                settlement.amount_nanousd.0
            },
            settled: i64::from(settlement.settled),
            at_ms: *at_ms,
            leases: one_per_cap(&settlement.leases, |lease| lease),
        })
        .collect();
    let charges = encode("amount_nanousd", &charges)?;
    // A lease that was acquired after the reservation never held it; hence max().
    sqlx::query!(
        "UPDATE cap_balances SET reserved_nanousd = reserved_nanousd - freed.amount_nanousd
         FROM (SELECT lease.value ->> 'cap' AS cap, lease.value ->> 'period_start_ms' AS period_start_ms,
                      sum(coalesce(lease.value ->> 'amount_nanousd', open.amount_nanousd)) AS amount_nanousd
               FROM reservations AS open, json_each(open.leases) AS lease
               WHERE open.id IN (SELECT value ->> 'id' FROM json_each(?))
               GROUP BY 1, 2) AS freed
         WHERE cap_balances.cap = freed.cap AND cap_balances.period_start_ms = freed.period_start_ms;

         UPDATE leases SET reserved_nanousd = max(reserved_nanousd - freed.amount_nanousd, 0)
         FROM (SELECT lease.value ->> 'cap' AS cap, lease.value ->> 'period_start_ms' AS period_start_ms,
                      lease.value ->> 'lease_id' AS lease_id, sum(coalesce(lease.value ->> 'amount_nanousd', open.amount_nanousd)) AS amount_nanousd
               FROM reservations AS open, json_each(open.leases) AS lease
               WHERE open.id IN (SELECT value ->> 'id' FROM json_each(?))
               GROUP BY 1, 2, 3) AS freed
         WHERE leases.cap = freed.cap AND leases.period_start_ms = freed.period_start_ms
           AND leases.lease_id = freed.lease_id;

         DELETE FROM reservations WHERE id IN (SELECT value ->> 'id' FROM json_each(?));

         INSERT INTO ledger (kind, cap, period_start_ms, lease_id, reservation_id, amount_nanousd, settled, at_ms)
         SELECT 'charge', lease.value ->> 'cap', lease.value ->> 'period_start_ms', lease.value ->> 'lease_id',
                charge.value ->> 'id', charge.value ->> 'amount_nanousd', charge.value ->> 'settled',
                charge.value ->> 'at_ms'
         FROM json_each(?) AS charge, json_each(charge.value, '$.leases') AS lease
         WHERE charge.value ->> 'amount_nanousd' > 0;

         INSERT INTO cap_balances (cap, period_start_ms, spent_nanousd, unsettled_nanousd)
         SELECT lease.value ->> 'cap', lease.value ->> 'period_start_ms', sum(charge.value ->> 'amount_nanousd'),
                sum(charge.value ->> 'unsettled_nanousd')
         FROM json_each(?) AS charge, json_each(charge.value, '$.leases') AS lease
         WHERE charge.value ->> 'amount_nanousd' > 0
         GROUP BY 1, 2
         ON CONFLICT DO UPDATE SET spent_nanousd = spent_nanousd + excluded.spent_nanousd,
             unsettled_nanousd = unsettled_nanousd + excluded.unsettled_nanousd;

         UPDATE leases SET spent_nanousd = spent_nanousd + spent.amount_nanousd
         FROM (SELECT lease.value ->> 'cap' AS cap, lease.value ->> 'period_start_ms' AS period_start_ms,
                      lease.value ->> 'lease_id' AS lease_id, sum(charge.value ->> 'amount_nanousd') AS amount_nanousd
               FROM json_each(?) AS charge, json_each(charge.value, '$.leases') AS lease
               GROUP BY 1, 2, 3) AS spent
         WHERE leases.cap = spent.cap AND leases.period_start_ms = spent.period_start_ms
           AND leases.lease_id = spent.lease_id",
        charges,
        charges,
        charges,
        charges,
        charges,
        charges
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

fn encode<T: Serialize>(column: &'static str, rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| inconsistent("reservations", column, "", error))
}

/// A call counts once against a cap, even if two of its leases were named.
fn one_per_cap<T>(leases: &[T], key: impl Fn(&T) -> &LeaseKey) -> Vec<&T> {
    let mut kept: Vec<&T> = Vec::with_capacity(leases.len());
    for lease in leases {
        let same = |other: &&T| {
            let (one, other) = (key(lease), key(other));
            one.cap == other.cap && one.period_start_ms == other.period_start_ms
        };
        if !kept.iter().any(same) {
            kept.push(lease);
        }
    }
    kept
}

pub(crate) fn read_leases(reservation: &str, json: &str) -> Result<Vec<LeaseKey>, StoreError> {
    serde_json::from_str(json).map_err(|error| inconsistent("reservations", "leases", reservation, error))
}
