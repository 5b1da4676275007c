//! Money held for calls under way: opening reservations. They are settled with the request's record.

use crate::{
    error::{from_sqlx, inconsistent},
    presence::Presence,
    text::storable,
    writer::Sink,
};
use serde::Serialize;
use sqlx::PgPool;
use weir_engine::store::{HeldLease, LeaseKey, OpenReservation, StoreError};

/// A reservation as the statement below reads it.
#[derive(Serialize)]
pub(crate) struct Opening {
    id: String,
    request_id: String,
    request_started_ms: i64,
    gateway_id: String,
    amount_nanousd: i64,
    hard_bound_nanousd: i64,
    leases: Vec<HeldLease>,
    opened_ms: i64,
    /// JSON of the request as known so far.
    request: String,
}

impl Opening {
    pub(crate) fn new(reservation: &OpenReservation) -> Result<Opening, StoreError> {
        let request = serde_json::to_string(&reservation.row)
            .map_err(|error| inconsistent("reservations", "request", &reservation.id, error))?;
        Ok(Opening {
            id: storable(&reservation.id).into_owned(),
            request_id: storable(&reservation.row.id).into_owned(),
            request_started_ms: reservation.row.started_ms,
            gateway_id: storable(&reservation.gateway_id).into_owned(),
            amount_nanousd: reservation.amount_nanousd.0,
            hard_bound_nanousd: reservation.hard_bound_nanousd.0,
            leases: one_per_cap(&reservation.leases, |held| &held.key)
                .into_iter()
                .map(|held| HeldLease {
                    key: storable_key(&held.key),
                    amount_nanousd: held.amount_nanousd,
                })
                .collect(),
            opened_ms: reservation.opened_ms,
            request,
        })
    }
}

/// Keeps reservations; nothing of one that is open, or whose request is recorded already.
#[derive(Clone)]
pub(crate) struct OpeningSink {
    pub(crate) pool: PgPool,
    pub(crate) presence: Presence,
}

impl Sink<Opening> for OpeningSink {
    async fn write(&self, openings: &[Opening]) -> Result<(), StoreError> {
        let openings = encode(openings)?;
        // The look for the request names its time, which leads to one day; a join could make the server read them all.
        // Leases are written in order, so that two statements cannot wait for each other.
        let written = sqlx::query!(
            "WITH opened AS (
                 INSERT INTO reservations (id, gateway_id, amount_nanousd, hard_bound_nanousd, leases, opened_ms, request)
                 SELECT id, gateway_id, amount_nanousd, hard_bound_nanousd, leases, opened_ms, request
                 FROM json_to_recordset($1::text::json) AS opening (
                     id text, request_id text, request_started_ms bigint, gateway_id text, amount_nanousd bigint,
                     hard_bound_nanousd bigint, leases json, opened_ms bigint, request text)
                 WHERE (SELECT true FROM requests
                        WHERE requests.id = opening.request_id AND requests.started_ms = opening.request_started_ms
                        LIMIT 1) IS NULL
                 ORDER BY id
                 ON CONFLICT (id) DO NOTHING
                 RETURNING gateway_id, amount_nanousd, leases
             )
             INSERT INTO leases (cap, period_start_ms, lease_id, gateway_id, held_nanousd)
             SELECT lease.cap, lease.period_start_ms, lease.lease_id, min(gateway_id),
                    sum(coalesce(lease.amount_nanousd, opened.amount_nanousd))
             FROM opened, json_to_recordset(opened.leases) AS lease (
                 cap text, period_start_ms bigint, lease_id text, amount_nanousd bigint)
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
             ON CONFLICT (cap, period_start_ms, lease_id) DO UPDATE
                 SET held_nanousd = leases.held_nanousd + excluded.held_nanousd",
            openings
        )
        .execute(&self.pool);
        self.presence
            .during(async { written.await.map(|_| ()).map_err(from_sqlx) })
            .await
    }
}

pub(crate) fn encode<T: Serialize>(rows: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| inconsistent("reservations", "leases", "", error))
}

/// A call counts once against a cap, even if two of its leases were named.
pub(crate) fn one_per_cap<T>(leases: &[T], key: impl Fn(&T) -> &LeaseKey) -> Vec<&T> {
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

pub(crate) fn storable_key(key: &LeaseKey) -> LeaseKey {
    LeaseKey {
        cap: storable(&key.cap).into_owned(),
        period_start_ms: key.period_start_ms,
        lease_id: storable(&key.lease_id).into_owned(),
    }
}
