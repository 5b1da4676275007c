//! Which gateway is buying the answer to a cache key.

use crate::{PostgresStore, error::inconsistent, text::storable};
use weir_engine::store::{FlightTurn, StoreError};

/// How long a flight is another's to take unless it is put off.
const FOR_MS: i64 = 6_000;

/// Takes it, or puts off the end of one's own.
pub(super) async fn take(
    store: &PostgresStore,
    key: &str,
    gateway_id: &str,
    app_version: &str,
    now_ms: i64,
) -> Result<FlightTurn, StoreError> {
    let said = store
        .asked(
            sqlx::query_scalar!(
                "SELECT take_flight($1, $2, $3, $4, $5) AS \"said!\"",
                storable(key).into_owned(),
                storable(gateway_id).into_owned(),
                storable(app_version).into_owned(),
                now_ms,
                FOR_MS
            )
            .fetch_one(store.pool()),
        )
        .await?;
    match said.as_str() {
        "taken" => Ok(FlightTurn::Taken),
        "cached" => Ok(FlightTurn::Cached),
        "waits" => Ok(FlightTurn::Waits),
        other => Err(inconsistent(
            "flights",
            "key",
            key,
            format!("\"{other}\" is no turn"),
        )),
    }
}

/// Gives it up, where it is this gateway's.
pub(super) async fn land(store: &PostgresStore, key: &str, gateway_id: &str) -> Result<(), StoreError> {
    store
        .asked(
            sqlx::query!(
                "DELETE FROM flights WHERE key = $1 AND gateway_id = $2",
                storable(key).into_owned(),
                storable(gateway_id).into_owned()
            )
            .execute(store.pool()),
        )
        .await
        .map(|_| ())
}
