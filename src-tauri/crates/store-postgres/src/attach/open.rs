//! Opens a store for a window: it folds nothing, writes nothing by itself, and holds a connection or two.

use super::{LOG_IN_WITHIN, Route};
use crate::{
    Inner, PostgresStore,
    error::from_sqlx,
    presence::Presence,
    requests::{RecordSink, RequestDays},
    reservations::OpeningSink,
    rollups::FoldTask,
    writer::Writer,
};
use sqlx::{ConnectOptions, postgres::PgPoolOptions};
use std::{sync::Arc, time::Duration};
use weir_engine::store::StoreError;

/// A window reads with two connections, changes with one, and looks with one whether the others live: four in all.
const READING: u32 = 2;
const CHANGING: u32 = 1;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const LIFETIME: Duration = Duration::from_secs(3600);

/// What a window's connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachedRole {
    /// Reading, in transactions that cannot write whatever the role may.
    Viewer,
    /// Changing, while the window is unlocked.
    Admin,
}

impl AttachedRole {
    /// Settings of each connection, in the server's own words.
    pub(super) fn settings(self) -> [(&'static str, &'static str); 5] {
        let (statement, read_only) = match self {
            AttachedRole::Viewer => ("5s", "on"),
            AttachedRole::Admin => ("30s", "off"),
        };
        [
            ("search_path", "weir"),
            ("statement_timeout", statement),
            ("lock_timeout", "1s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("default_transaction_read_only", read_only),
        ]
    }

    fn connections(self) -> u32 {
        match self {
            AttachedRole::Viewer => READING,
            AttachedRole::Admin => CHANGING,
        }
    }
}

/// Opens the database by this way. The first connection is made at once, so that a wrong password is known now. Must be called
/// in a Tokio runtime.
///
/// # Errors
/// `Unavailable` when the server cannot be reached or refuses the login.
pub async fn open_attached(route: &Route, role: AttachedRole) -> Result<PostgresStore, StoreError> {
    let options = route.options(role);
    // The pool would try again until its time is over and then not say why.
    let first = tokio::time::timeout(LOG_IN_WITHIN, options.connect()).await;
    let connection = first
        .map_err(|_| from_sqlx(sqlx::Error::PoolTimedOut))?
        .map_err(from_sqlx)?;
    sqlx::Connection::close(connection).await.map_err(from_sqlx)?;
    let pool = PgPoolOptions::new()
        .max_connections(role.connections())
        .acquire_timeout(LOG_IN_WITHIN)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(LIFETIME)
        .connect_lazy_with(options.clone());
    let days = Arc::new(RequestDays::default());
    let fold = FoldTask::none();
    let presence = Presence::taken_for_granted();
    let openings = Writer::start(OpeningSink {
        pool: pool.clone(),
        presence: presence.clone(),
    });
    let records = Writer::start(RecordSink {
        pool: pool.clone(),
        presence: presence.clone(),
        days: days.clone(),
        recorded: fold.recorded(),
    });
    Ok(PostgresStore {
        inner: Arc::new(Inner {
            pool,
            options,
            presence,
            openings,
            records,
            days,
            fold,
            reads_bodies: role == AttachedRole::Admin,
        }),
    })
}
