//! One connection of a window: logs in, looks around, and says from then on whether the database still answers.

use super::{AttachedRole, LOG_IN_WITHIN, Route};
use crate::{error::from_sqlx, migrate};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::Duration;
use tokio::time::Instant;
use weir_engine::store::StoreError;

/// Why nobody was logged in; the kinds are different steps of a test.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The server did not answer, or went away meanwhile.
    #[error("{0}")]
    Unreachable(String),
    /// There is no encryption, or the server did not prove who it is.
    #[error("{0}")]
    Untrusted(String),
    /// User, password, database or the server's own rules.
    #[error("{0}")]
    Refused(String),
}

/// A connection that is logged in.
pub struct Session {
    connection: PgConnection,
}

/// What a look at the database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// The server's version, such as `16.4`.
    pub server: String,
    pub role: String,
    pub encrypted: bool,
    /// The newest schema step there, and the newest that this version knows; 0 for none.
    pub schema_step: i64,
    pub known_step: i64,
    /// What a viewer reads and this role may not, such as `rollup_counters`; empty while the schema is missing.
    pub unreadable: Vec<String>,
    /// Tables that this role may write and functions that it may call; a viewer has none.
    pub writable: Vec<String>,
    /// The role may call what an admin changes things with.
    pub may_change: bool,
    /// The server is a standby, on which nobody can change anything.
    pub is_standby: bool,
    /// The server's clock against the one handed in; positive when the server is ahead.
    pub clock_ahead_ms: i64,
    /// One question and its answer.
    pub round_trip: Duration,
}

/// Logs in as this role of a window.
///
/// # Errors
/// [`LoginError`].
pub async fn log_in(route: &Route, role: AttachedRole) -> Result<Session, LoginError> {
    let options = route.options(role);
    match tokio::time::timeout(LOG_IN_WITHIN, options.connect()).await {
        Ok(Ok(connection)) => Ok(Session { connection }),
        Ok(Err(problem)) => Err(sorted(problem)),
        Err(_) => Err(LoginError::Unreachable(format!(
            "the server did not finish the login within {} s",
            LOG_IN_WITHIN.as_secs()
        ))),
    }
}

pub(super) fn sorted(problem: sqlx::Error) -> LoginError {
    match problem {
        sqlx::Error::Tls(problem) => LoginError::Untrusted(problem.to_string()),
        // The handshake's own words come as rubbish that was read.
        sqlx::Error::Io(problem) if problem.kind() == std::io::ErrorKind::InvalidData => {
            LoginError::Untrusted(problem.to_string())
        }
        // Files of certificates are read when the connection is made.
        sqlx::Error::Io(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
            LoginError::Untrusted(format!("a file of the certificates cannot be read: {problem}"))
        }
        sqlx::Error::Io(problem) => LoginError::Unreachable(problem.to_string()),
        sqlx::Error::Database(problem) => LoginError::Refused(problem.message().to_owned()),
        other => LoginError::Refused(other.to_string()),
    }
}

/// Tables and views that the pages of a viewer read.
const READ: &[&str] = &[
    "schema_steps",
    "gateways",
    "rollup_counters",
    "rollup_latency",
    "cap_balances",
    "config_items",
    "config_changes",
    "changes",
    "keys_shown",
    "requests",
];

impl Session {
    /// Looks around. Changes nothing.
    ///
    /// # Errors
    /// `Unavailable` when the server went away, or took longer than 5 s for a question.
    pub async fn look(&mut self, now_ms: impl Fn() -> i64) -> Result<SessionState, StoreError> {
        let connection = &mut self.connection;
        let asked = Instant::now();
        let (server, role, is_standby, encrypted, server_ms): (String, String, bool, bool, i64) =
            sqlx::query_as(
                "SELECT current_setting('server_version'), current_user::text, pg_is_in_recovery(),
                    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                    (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
            )
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let round_trip = asked.elapsed();
        // The server looked at its clock about half a round trip ago.
        let half_ms = i64::try_from(round_trip.as_millis() / 2).unwrap_or(0);
        let clock_ahead_ms = server_ms + half_ms - now_ms();
        let may_look: bool = sqlx::query_scalar(
            "SELECT coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'weir'), false)
                AND coalesce((SELECT has_table_privilege(c.oid, 'SELECT') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE n.nspname = 'weir' AND c.relname = 'schema_steps'), false)",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let schema_step = if may_look {
            let applied = migrate::applied(connection).await?;
            applied.keys().next_back().copied().unwrap_or(0)
        } else {
            0
        };
        Ok(SessionState {
            server: server.split_whitespace().next().unwrap_or_default().to_owned(),
            role,
            encrypted,
            schema_step,
            known_step: migrate::newest_known(),
            unreadable: unreadable(connection).await?,
            writable: writable(connection).await?,
            may_change: may_change(connection).await?,
            is_standby,
            clock_ahead_ms,
            round_trip,
        })
    }

    /// The number of the newest configuration change; proves that the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn beat(&mut self) -> Result<i64, StoreError> {
        sqlx::query_scalar!("SELECT coalesce(max(version), 0) AS \"version!\" FROM config_changes")
            .fetch_one(&mut self.connection)
            .await
            .map_err(from_sqlx)
    }

    /// Logs out. A server that is gone need not hear it.
    pub async fn close(self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.connection.close()).await;
    }
}

async fn unreadable(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    let read: Vec<String> = READ.iter().map(|name| (*name).to_owned()).collect();
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'weir' AND c.relname = ANY ($1)
           AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'))
         ORDER BY 1",
    )
    .bind(read)
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)
}

async fn writable(connection: &mut PgConnection) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'weir' AND c.relkind IN ('r', 'p', 'v') AND has_schema_privilege(n.oid, 'USAGE')
           AND (has_any_column_privilege(c.oid, 'INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
         UNION ALL
         SELECT p.proname::text || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'weir' AND p.prosecdef AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
         ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .map_err(from_sqlx)
}

async fn may_change(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')), false)
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'weir' AND p.proname IN ('change_config', 'note_change')",
    )
    .fetch_one(connection)
    .await
    .map_err(from_sqlx)
}
