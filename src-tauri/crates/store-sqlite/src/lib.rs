//! The engine's storage traits on SQLite: the only place with SQLite SQL. One file per table.
//!
//! All writes go through one connection that a task owns ([`writer`]): what is waiting is committed together. Reads use
//! a small pool of read-only connections. Durability:
//!
//! - The end of the process at any moment (`kill -9`) loses nothing that was acknowledged: SQLite's log is in the
//!   operating system's hands before a call returns.
//! - A power cut loses nothing of a lease grant: its transaction, and with it everything before it, is synced to disk
//!   before the call returns. So a cap is never granted twice. Other writes are synced by the rollups' fold, at most
//!   half a second later; a power cut may take the requests, reservations and charges of that half second. The file
//!   stays consistent (rows, ledger and balances vanish together), but money spent in that half second is then known
//!   only as part of its lease, and recovery gives it back with the lease's rest.

mod alerts;
mod audit;
mod backup;
mod cache_entries;
mod changes;
mod collections;
mod config;
mod error;
mod gateways;
mod integrity;
mod journal;
mod ledger;
mod limits;
mod migrate;
mod open;
mod ratios;
mod requests;
mod reservations;
mod rollups;
mod schema;
mod semantic;
mod virtual_keys;
mod writer;

pub use backup::restore;
pub use open::open;

use sqlx::SqlitePool;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use weir_engine::store::StoreError;

/// A Weir database in one SQLite file. Cloning shares it.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    writer: writer::Writer,
    readers: SqlitePool,
    path: PathBuf,
}

impl SqliteStore {
    /// Jobs that wait for the writer. Above a few hundred, the disk is slower than the traffic.
    #[must_use]
    pub fn writer_backlog(&self) -> usize {
        self.inner.writer.backlog()
    }

    /// Commits what waits, folds the rollups, empties the log into the file and lets go of it. Calls that come later,
    /// through other clones too, fail with `Unavailable`.
    ///
    /// # Errors
    /// `Unavailable` when the last writes could not reach the disk, or somebody closed the store before.
    pub async fn close(self) -> Result<(), StoreError> {
        self.inner.readers.close().await;
        self.inner.writer.close().await
    }

    fn path(&self) -> &Path {
        &self.inner.path
    }

    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    async fn write<O: writer::Operation>(&self, operation: O) -> Result<O::Reply, StoreError> {
        self.inner.writer.write(operation).await
    }
}
