//! How a database stands, for `weir-gateway check` and for whoever connects a window.

use crate::{
    error::from_sqlx,
    migrate,
    open::{Purpose, connect_options},
};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::Duration;
use tokio::time::Instant;
use weir_engine::store::StoreError;

/// What a look at the database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    /// The server's version, such as `16.4`.
    pub server: String,
    pub role: String,
    pub encrypted: bool,
    /// The newest schema step there, and the newest that this version knows; 0 for none.
    pub schema_step: i64,
    pub known_step: i64,
    /// Rights that a gateway needs and this role lacks, such as `INSERT on requests`; empty while the schema is old.
    pub missing_rights: Vec<String>,
    /// True when it is a standby or the role may only read.
    pub read_only: bool,
    /// The server's clock against the one handed in; positive when the server is ahead.
    pub clock_ahead_ms: i64,
    /// One question and its answer.
    pub round_trip: Duration,
}

/// Connects as a gateway would and looks around. Changes nothing.
///
/// # Errors
/// As `open`, but a missing schema is none.
pub async fn state(url: &str, now_ms: impl Fn() -> i64) -> Result<DatabaseState, StoreError> {
    let options = connect_options(url, Purpose::Gateway)
        .map_err(|problem| StoreError::Incompatible(problem.to_string()))?;
    let mut connection = options.connect().await.map_err(from_sqlx)?;
    let asked = Instant::now();
    let (server, role, read_only, encrypted, server_ms): (String, String, bool, bool, i64) = sqlx::query_as(
        "SELECT current_setting('server_version'), current_user::text, current_setting('transaction_read_only') = 'on',
                coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(from_sqlx)?;
    let round_trip = asked.elapsed();
    // The server looked at its clock about half a round trip ago.
    let half_ms = i64::try_from(round_trip.as_millis() / 2).unwrap_or(0);
    let clock_ahead_ms = server_ms + half_ms - now_ms();
    let schema_step = migrate::applied(&mut connection)
        .await?
        .keys()
        .next_back()
        .copied()
        .unwrap_or(0);
    let known_step = migrate::newest_known();
    let missing_rights = if schema_step < known_step {
        Vec::new()
    } else {
        missing_rights(&mut connection).await?
    };
    connection.close().await.map_err(from_sqlx)?;
    Ok(DatabaseState {
        server: server.split_whitespace().next().unwrap_or_default().to_owned(),
        role,
        encrypted,
        schema_step,
        known_step,
        missing_rights,
        read_only,
        clock_ahead_ms,
        round_trip,
    })
}

/// What a gateway writes, and by which right; reading all of it is a right as well.
const NEEDED: &[(&str, &str)] = &[
    ("requests", "SELECT INSERT DELETE"),
    ("request_traces", "SELECT INSERT DELETE"),
    ("request_bodies", "SELECT INSERT DELETE"),
    ("gateways", "SELECT INSERT UPDATE DELETE"),
    ("reservations", "SELECT INSERT UPDATE DELETE"),
    ("leases", "SELECT INSERT UPDATE"),
    ("lease_recalls", "SELECT INSERT UPDATE DELETE"),
    ("ledger", "SELECT INSERT"),
    ("cache_entries", "SELECT INSERT UPDATE DELETE"),
    ("cache_clears", "SELECT"),
    ("cache_tombstones", "SELECT"),
    ("cache_wide_clears", "SELECT"),
    ("served_entries", "SELECT"),
    ("rollup_queue", "SELECT INSERT DELETE"),
    ("rollup_counters", "SELECT INSERT UPDATE DELETE"),
    ("rollup_latency", "SELECT INSERT UPDATE DELETE"),
    ("limit_time", "SELECT UPDATE"),
    ("limit_holders", "SELECT INSERT UPDATE DELETE"),
    ("limit_slots", "SELECT INSERT UPDATE DELETE"),
    ("limit_uses", "SELECT INSERT UPDATE DELETE"),
    ("limit_log", "SELECT INSERT DELETE"),
    ("ratio_counts", "SELECT INSERT UPDATE DELETE"),
    ("alert_deliveries", "SELECT UPDATE"),
    ("alert_events", "SELECT DELETE"),
    ("cache_marks", "SELECT"),
    ("semantic_entries", "SELECT"),
    ("semantic_decisions", "SELECT INSERT UPDATE DELETE"),
    ("semantic_changes", "SELECT UPDATE DELETE"),
    ("semantic_never", "SELECT"),
    ("config_items", "SELECT"),
    ("virtual_keys", "SELECT"),
];

async fn missing_rights(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let (mut tables, mut rights) = (Vec::new(), Vec::new());
    for (table, needed) in NEEDED {
        for right in needed.split(' ') {
            tables.push((*table).to_owned());
            rights.push(right.to_owned());
        }
    }
    sqlx::query_scalar(
        "SELECT needed.right || ' on ' || needed.name FROM unnest($1::text[], $2::text[]) AS needed (name, \"right\")
         WHERE NOT has_schema_privilege('weir', 'USAGE') OR NOT has_table_privilege('weir.' || needed.name, needed.right)
         UNION ALL
         SELECT 'EXECUTE on ' || proname FROM pg_proc
         WHERE pronamespace = 'weir'::regnamespace AND NOT has_function_privilege(oid, 'EXECUTE')",
    )
    .bind(tables)
    .bind(rights)
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)
}
