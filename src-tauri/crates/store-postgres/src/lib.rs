//! The engine's storage traits on Postgres: the only place with Postgres SQL. One file per table, named as in
//! `store-sqlite`.
//!
//! Many gateways share one database, so nothing here relies on being the only writer:
//!
//! - Each write is one statement, or one function call: a transaction of its own that the server carries through even when
//!   the gateway is stopped in the middle. Reservations and records go through a [`writer`], which puts all that waits into
//!   one statement.
//! - No row is hot. A cap's balance is the sum of its leases' rows, and each lease belongs to one gateway. Only grants of
//!   the same cap wait for each other.
//! - What comes twice counts once: rows are inserted if they are not there, and money moves only for those that were not.
//! - Every commit is synced to disk before a call returns, unless the server was configured otherwise.

mod alerts;
mod attach;
mod audit;
mod backup;
mod cache_entries;
mod changes;
mod collections;
mod config;
mod error;
mod gateways;
mod ledger;
mod limits;
mod listen;
mod migrate;
mod open;
mod presence;
mod ratios;
mod requests;
mod reservations;
mod roles;
mod rollups;
mod semantic;
mod state;
mod text;
mod virtual_keys;
mod writer;

pub use attach::{
    AttachedRole, LoginError, Route, Session, SessionState, end_left_over, log_in, open_attached,
};
pub use listen::{Listener, News};
pub use migrate::{migrate, pending_sql};
pub use open::{ConnectError, Purpose, connect_options, open};
pub use roles::ROLES_SQL;
pub use state::{DatabaseState, state};

use presence::Presence;
use requests::{NewRecord, RequestDays};
use reservations::Opening;
use rollups::FoldTask;
use sqlx::{PgPool, postgres::PgConnectOptions};
use std::{future::Future, sync::Arc, time::Duration};
use weir_engine::store::StoreError;
use writer::Writer;

/// How long connections are waited for at the end; nothing is written any more then.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// A Weir schema in one Postgres database. Cloning shares it.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    options: PgConnectOptions,
    presence: Presence,
    openings: Writer<Opening>,
    records: Writer<NewRecord>,
    days: Arc<RequestDays>,
    fold: FoldTask,
    /// False for a role that may not read what was asked and answered.
    reads_bodies: bool,
}

impl PostgresStore {
    /// Rows that wait to be written. Above a few hundred, the database is slower than the traffic.
    #[must_use]
    pub fn writer_backlog(&self) -> usize {
        self.inner.openings.backlog() + self.inner.records.backlog()
    }

    /// Commits what waits, folds the rollups and closes all connections. Calls that come later, through other clones too,
    /// fail with `Unavailable`.
    ///
    /// # Errors
    /// `Unavailable` when the rollups could not be folded, or somebody closed the store before.
    pub async fn close(self) -> Result<(), StoreError> {
        if self.inner.pool.is_closed() {
            return Err(error::closed());
        }
        self.inner.openings.close().await;
        self.inner.records.close().await;
        let folded = self.present(self.inner.fold.finish(&self.inner.pool)).await;
        // A connection that was cut off a moment ago may never come back to the pool.
        let _ = tokio::time::timeout(CLOSES_WITHIN, self.inner.pool.close()).await;
        folded
    }

    fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// Does what a call or housekeeping waits for, as long as the server answers.
    async fn present<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.inner.presence.during(work).await
    }

    /// The same of a single statement.
    async fn asked<T>(
        &self,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        self.present(async { statement.await.map_err(error::from_sqlx) })
            .await
    }
}
