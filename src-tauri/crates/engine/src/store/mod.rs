//! What the engine asks of a database, one trait per capability.
//!
//! To add a capability: write its trait in a file here, implement it in `store-sqlite/<table>.rs` (and in every other store, in the file
//! of the same name), and describe its behaviour once in `tests/store_contract`. A look-up that finds nothing is `Ok(None)`.
//! Times are UNIX milliseconds and always handed in.

mod alerts;
mod audit;
mod cache;
mod config;
mod keys;
mod ledger;
mod limits;
mod requests;
mod rollups;

pub use alerts::{AlertStore, DeliveryOutcome, DueDelivery, NewAlert, NewDelivery, Snooze};
pub use audit::{AuditStore, BoughtModel, CorrectionOutcome, CorrectionRequest, RatioStore};
pub use cache::{CacheEntry, CacheStore};
pub use config::{ConfigItem, ConfigStore};
pub use keys::{KeyRecord, KeyStore};
pub use ledger::{CapBalance, HeldLease, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore};
pub use limits::{LimitExchange, LimitFill, LimitReply, LimitStore, ReplayedRequest};
pub use requests::{OpenReservation, RequestRecord, RequestStore, Settlement};
pub use rollups::{
    BoughtRequest, Counters, Dimension, Grain, HourSpend, LatencyPoint, RollupPoint, RollupStore,
};

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Cannot be reached, locked too long, disk full. May work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row is not what it should be.
    #[error("the database holds an inconsistent row in {table}.{column} (row {row}): {problem}")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
        row: String,
        problem: String,
    },
    /// Somebody changed it first.
    #[error("it was changed meanwhile: version {found} is there, version {expected} was expected")]
    Conflict { expected: i64, found: i64 },
    /// The database is from a newer Weir, or not Weir's.
    #[error("{0}")]
    Incompatible(String),
}

/// Everything a gateway needs.
pub trait Store:
    RequestStore
    + LedgerStore
    + LimitStore
    + AuditStore
    + RatioStore
    + CacheStore
    + ConfigStore
    + KeyStore
    + RollupStore
    + AlertStore
    + Send
    + Sync
{
}
impl<T> Store for T where
    T: RequestStore
        + LedgerStore
        + LimitStore
        + AuditStore
        + RatioStore
        + CacheStore
        + ConfigStore
        + KeyStore
        + RollupStore
        + AlertStore
        + Send
        + Sync
{
}
