//! What the engine asks of a database, one trait per capability.
//!
//! To add a capability: write its trait in a file here, implement it in `store-sqlite/<table>.rs` (and in every other store, in the file
//! of the same name), and describe its behaviour once in `tests/store_contract`. A look-up that finds nothing is `Ok(None)`.
//! Times are UNIX milliseconds and always handed in.

mod alerts;
mod audit;
mod backup;
mod cache;
mod changes;
mod clears;
mod collections;
mod config;
mod gateways;
mod keys;
mod ledger;
mod limits;
mod requests;
mod rollup_pieces;
mod rollups;
mod semantic;

pub use alerts::{AlertStore, DeliveryOutcome, DueDelivery, NewAlert, NewDelivery, Snooze};
pub use audit::{AuditStore, BoughtModel, CorrectionOutcome, CorrectionRequest, RatioStore};
pub use backup::BackupStore;
pub use cache::{CacheEntry, CacheStore, FlightTurn};
pub use changes::{ChangeStore, UndoSource};
pub use clears::{
    ClearChange, ClearEnd, ClearEvent, ClearStore, Cleared, Clearing, EndOutcome, KnownClear,
    MOST_CLEARED_KEYS, UNDO_CLEAR_MS,
};
pub use collections::{
    Collection, CollectionBounds, CollectionStore, ItemSelector, ItemsPut, NewItem, NewResult, StoredItem,
};
pub use config::{ConfigItem, ConfigStore};
pub use gateways::{GatewayReport, GatewayStore, KnownGateway};
pub use keys::{KeyRecord, KeyStore};
pub use ledger::{CapBalance, HeldLease, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore};
pub use limits::{LimitExchange, LimitFill, LimitReply, LimitStore, ReplayedRequest};
pub use requests::{OpenReservation, RequestRecord, RequestStore, Settlement};
pub use rollup_pieces::{RollupPiece, counter_pieces, rollup_pieces};
pub use rollups::{
    BoughtRequest, Counters, Dimension, Grain, HourSpend, LatencyPoint, RollupPoint, RollupStore,
};
pub use semantic::{
    AUDIT_EVENT, EMBED_EVENT, JUDGE_CAP, JUDGE_EVENT, NewSemanticEntry, OWN_EVENTS, SemanticChange,
    SemanticDecision, SemanticEntry, SemanticLabel, SemanticStore, SemanticSums,
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
    + ClearStore
    + ConfigStore
    + KeyStore
    + RollupStore
    + AlertStore
    + ChangeStore
    + BackupStore
    + SemanticStore
    + CollectionStore
    + GatewayStore
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
        + ClearStore
        + ConfigStore
        + KeyStore
        + RollupStore
        + AlertStore
        + ChangeStore
        + BackupStore
        + SemanticStore
        + CollectionStore
        + GatewayStore
        + Send
        + Sync
{
}
