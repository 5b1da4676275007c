//! Charges what dead gateways may have spent and takes back the rest of their leases.

use super::give_back::give_back_of_the_dead;
use crate::{
    PostgresStore,
    error::{from_sqlx, inconsistent},
    requests::{NewRecord, write_records},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use weir_contract::{
    NanoUsd,
    model::request::{CostBasis, RequestRow},
};
use weir_engine::store::{LeaseKey, RequestRecord, Settlement, StoreError};

/// All gateways without a beat since `dead_before_ms`, in one transaction. A gateway that never beat counts from its
/// reservation's opening. Nothing when another gateway is at it.
pub(super) async fn recover(
    store: &PostgresStore,
    dead_before_ms: i64,
    now_ms: i64,
) -> Result<u64, StoreError> {
    let mut transaction = store.pool().begin().await.map_err(from_sqlx)?;
    let mine = sqlx::query_scalar!("SELECT pg_try_advisory_xact_lock(1464158546, 4) AS \"mine!\"")
        .fetch_one(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    if !mine {
        return Ok(0);
    }
    let (charged, records) = open_reservations(&mut transaction, dead_before_ms, now_ms).await?;
    if !records.is_empty() {
        store.inner.days.make_room(store.pool(), &records).await?;
        write_records(&mut transaction, &records).await?;
    }
    give_back_of_the_dead(&mut transaction, dead_before_ms, now_ms).await?;
    sqlx::query!("DELETE FROM gateways WHERE last_beat_ms < $1", dead_before_ms)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    transaction.commit().await.map_err(from_sqlx)?;
    store.inner.fold.recorded().notify_one();
    Ok(charged)
}

/// How many there are, and the requests behind them: attempts of one request are one row that costs what they cost together.
async fn open_reservations(
    connection: &mut PgConnection,
    dead_before_ms: i64,
    now_ms: i64,
) -> Result<(u64, Vec<NewRecord>), StoreError> {
    // What a gateway is just settling is no longer its dead neighbour's.
    let open = sqlx::query!(
        "SELECT id, amount_nanousd, leases::text AS \"leases!\", request FROM reservations
         WHERE coalesce((SELECT last_beat_ms FROM gateways WHERE gateways.id = gateway_id), opened_ms) < $1
         ORDER BY opened_ms, id FOR UPDATE SKIP LOCKED",
        dead_before_ms
    )
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)?;
    let charged = open.len() as u64;
    let mut requests: BTreeMap<String, RequestRecord> = BTreeMap::new();
    for reservation in open {
        let leases: Vec<LeaseKey> = serde_json::from_str(&reservation.leases)
            .map_err(|error| inconsistent("reservations", "leases", &reservation.id, error))?;
        let row: RequestRow = serde_json::from_str(&reservation.request)
            .map_err(|error| inconsistent("reservations", "request", &reservation.id, error))?;
        let amount_nanousd = NanoUsd(reservation.amount_nanousd);
        let record = requests
            .entry(row.id.clone())
            .or_insert_with(|| without_cost(row.clone()));
        record.row = RequestRow {
            cost_nanousd: record.row.cost_nanousd.saturating_add(amount_nanousd),
            cost_basis: CostBasis::Unsettled,
            ..row
        };
        record.settlements.push(Settlement {
            reservation_id: reservation.id,
            amount_nanousd,
            settled: false,
            leases,
        });
    }
    let records = requests
        .into_values()
        .map(|record| NewRecord::charged_anyway(record, now_ms))
        .collect::<Result<_, _>>()?;
    Ok((charged, records))
}

fn without_cost(row: RequestRow) -> RequestRecord {
    RequestRecord {
        row: RequestRow {
            cost_nanousd: NanoUsd::ZERO,
            ..row
        },
        trace: Vec::new(),
        request_body: None,
        response_body: None,
        settlements: Vec::new(),
        hit_key: None,
    }
}
