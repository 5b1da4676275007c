//! What the engine asks of a database, one trait per capability.
//!
//! To add a capability: write its trait here, implement it in `store-sqlite/<table>.rs` (and in every other store, in the file
//! of the same name), and describe its behaviour once in `tests/store_contract`. A look-up that finds nothing is `Ok(None)`.
//! Times are UNIX milliseconds and always handed in.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use weir_contract::{
    NanoUsd,
    model::{
        cache::{CacheEntryRow, CacheExtent, CacheSelector},
        key::VirtualKey,
        request::{RequestDetail, RequestFilter, RequestRow, TraceStep},
        time::TimeRange,
    },
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
    RequestStore + LedgerStore + CacheStore + ConfigStore + KeyStore + RollupStore + Send + Sync
{
}
impl<T: RequestStore + LedgerStore + CacheStore + ConfigStore + KeyStore + RollupStore + Send + Sync> Store
    for T
{
}

/// A share of a cap's money, held by one gateway for one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseKey {
    pub cap: String,
    pub period_start_ms: i64,
    pub lease_id: String,
}

/// Money held for one call before the provider is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenReservation {
    /// Request id, a dash, and the number of the reservation within the request. Opening twice is the same as once.
    pub id: String,
    pub gateway_id: String,
    pub amount_nanousd: NanoUsd,
    /// The caps it counts against, with the lease it is taken from. Empty when no cap applies.
    pub leases: Vec<LeaseKey>,
    pub opened_ms: i64,
    /// The request as known so far; written as the request's row, unsettled, when the gateway dies before it settles.
    pub row: RequestRow,
}

/// How a reservation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    pub reservation_id: String,
    pub amount_nanousd: NanoUsd,
    /// False when it is an estimate.
    pub settled: bool,
    pub leases: Vec<LeaseKey>,
}

/// A finished request with everything that must be written together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRecord {
    pub row: RequestRow,
    pub trace: Vec<TraceStep>,
    pub request_body: Option<String>,
    pub response_body: Option<String>,
    /// One for each reservation that was opened for it.
    pub settlements: Vec<Settlement>,
    /// The cache entry that answered it; its hit is counted.
    pub hit_key: Option<String>,
}

/// Recorded requests. One writer commits many requests together; a call returns when its own are durable.
#[async_trait]
pub trait RequestStore {
    /// Keeps a reservation, so that a crash cannot forget it.
    async fn open_reservation(&self, reservation: OpenReservation) -> Result<(), StoreError>;
    /// Writes the request, its ledger rows and its cache hit in one transaction. Repeating it changes nothing.
    async fn record(&self, record: RequestRecord) -> Result<(), StoreError>;
    /// Newest first; `cursor` is the id of the last row of the page before.
    async fn list_requests(
        &self,
        filter: &RequestFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError>;
    async fn get_request(&self, id: &str) -> Result<Option<RequestDetail>, StoreError>;
    /// Deletes bodies older than one moment and rows older than the other, a bounded number at a time; returns how many went.
    async fn expire_requests(&self, bodies_before_ms: i64, rows_before_ms: i64) -> Result<u64, StoreError>;
}

/// Where a cap stands in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapBalance {
    /// Charged, settled or not.
    pub spent_nanousd: NanoUsd,
    /// Of that, by estimate.
    pub unsettled_nanousd: NanoUsd,
    /// Held by open reservations.
    pub reserved_nanousd: NanoUsd,
    /// Granted to gateways' leases and not given back, spent or not; never above the limit.
    pub committed_nanousd: NanoUsd,
}

/// A gateway's wish for a share of a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    pub key: LeaseKey,
    pub gateway_id: String,
    pub limit_nanousd: NanoUsd,
    /// Least that is of use; granted whole or not at all.
    pub need_nanousd: NanoUsd,
    /// Most that is wished for.
    pub want_nanousd: NanoUsd,
    pub now_ms: i64,
}

/// What came of returning money of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeaseReturn {
    /// What the lease had left, at most what was offered.
    pub taken_nanousd: NanoUsd,
    /// Still held by open reservations of this lease; what they leave unspent can be returned later.
    pub reserved_nanousd: NanoUsd,
}

/// The ledger: leases, charges, balances. Rows are only ever inserted; balances are derived and can be re-derived.
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// Grants between `need` and `want` in one conditional statement, fully synced to disk; 0 when the cap has no room.
    /// The same lease id again adds to that lease.
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError>;
    /// Gives back unspent money of a lease, at most what it has beyond charges and open reservations.
    async fn return_lease(&self, key: &LeaseKey, unspent_nanousd: NanoUsd)
    -> Result<LeaseReturn, StoreError>;
    async fn balance(&self, cap: &str, period_start_ms: i64) -> Result<CapBalance, StoreError>;
    /// This gateway lives. Also the place where it first becomes known.
    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError>;
    /// For gateways without a beat since `dead_before_ms`: charges each open reservation, unsettled, at its reserved amount
    /// (writing its request row), returns the rest of their leases, forgets them. Returns how many reservations were charged.
    async fn recover_dead_gateways(&self, dead_before_ms: i64, now_ms: i64) -> Result<u64, StoreError>;
    /// Caps and periods where the ledger's sum and the balance differ, with both; empty is healthy.
    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError>;
}

/// A cached answer with its body.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEntry {
    pub row: CacheEntryRow,
    /// The configured app version it was made under; another version's entries are never served.
    pub app_version: String,
    /// Encoded by `engine::cache`.
    pub body: Vec<u8>,
}

/// The response cache's rows.
#[async_trait]
pub trait CacheStore {
    /// The entry, unless it has expired.
    async fn get_entry(&self, key: &str, now_ms: i64) -> Result<Option<CacheEntry>, StoreError>;
    /// Puts or replaces.
    async fn put_entry(&self, entry: CacheEntry) -> Result<(), StoreError>;
    /// Newest first; `cursor` is `created_ms:key` of the last row of the page before.
    async fn list_entries(
        &self,
        selector: &CacheSelector,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CacheEntryRow>, StoreError>;
    /// What a clear would remove.
    async fn extent(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError>;
    /// Removes, and says what went.
    async fn clear_entries(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError>;
    /// Removes expired entries, and those of other app versions, a bounded number at a time.
    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError>;
}

/// One configuration item: a cap, a limit, a rollout, a provider … as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigItem {
    /// `cap`, `limit`, `rollout`, `provider`, `setting`.
    pub kind: String,
    pub name: String,
    /// The number of the change that made it so; numbers rise over all items.
    pub version: i64,
    pub body: String,
}

/// Versioned configuration. Every change is also kept in an insert-only log with what was before.
#[async_trait]
pub trait ConfigStore {
    /// The number of the newest change; 0 at the very start.
    async fn config_version(&self) -> Result<i64, StoreError>;
    async fn config_items(&self) -> Result<Vec<ConfigItem>, StoreError>;
    /// Creates (`expected_version` 0) or replaces; returns the new version.
    async fn save_config(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        expected_version: i64,
        who: &str,
        now_ms: i64,
    ) -> Result<i64, StoreError>;
    async fn delete_config(
        &self,
        kind: &str,
        name: &str,
        expected_version: i64,
        who: &str,
        now_ms: i64,
    ) -> Result<i64, StoreError>;
}

/// Virtual keys; secrets only as SHA-256.
#[async_trait]
pub trait KeyStore {
    async fn insert_key(&self, key: &VirtualKey, secret_sha256: &[u8; 32]) -> Result<(), StoreError>;
    /// The key and its secret's hash, revoked or not.
    async fn find_key(&self, id: &str) -> Result<Option<(VirtualKey, [u8; 32])>, StoreError>;
    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError>;
    /// Revokes; none when there is no such key. Revoking twice keeps the first time.
    async fn revoke_key(&self, id: &str, now_ms: i64) -> Result<Option<VirtualKey>, StoreError>;
}

/// Width of a rollup row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Kept 48 hours.
    Minute,
    /// Kept 400 days.
    Hour,
}

impl Grain {
    #[must_use]
    pub fn length_ms(self) -> i64 {
        match self {
            Grain::Minute => 60_000,
            Grain::Hour => 3_600_000,
        }
    }
}

/// What rollup rows are kept by. Every request counts once in each dimension (in `Variant`: once per rollout it took part in).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// One row for everything; its value is empty.
    All,
    Tier,
    Provider,
    Model,
    Intent,
    Key,
    /// `rollout=variant`.
    Variant,
}

impl Dimension {
    pub const ALL: [Dimension; 7] = [
        Dimension::All,
        Dimension::Tier,
        Dimension::Provider,
        Dimension::Model,
        Dimension::Intent,
        Dimension::Key,
        Dimension::Variant,
    ];
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::All => "all",
            Dimension::Tier => "tier",
            Dimension::Provider => "provider",
            Dimension::Model => "model",
            Dimension::Intent => "intent",
            Dimension::Key => "key",
            Dimension::Variant => "variant",
        }
    }
}

/// Sums of one rollup row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    pub requests: i64,
    pub hits: i64,
    pub misses: i64,
    pub bypassed: i64,
    pub errors: i64,
    pub refused: i64,
    pub cost_nanousd: i64,
    pub saved_nanousd: i64,
    pub unsettled_nanousd: i64,
    pub price_unknown: i64,
    pub simulated: i64,
    pub input_tokens: i64,
    pub cache_read_tokens: i64,
    pub cache_write_tokens: i64,
    pub output_tokens: i64,
    pub reasoning_tokens: i64,
}

/// One value's sums in one step of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupPoint {
    /// Start of the step.
    pub at_ms: i64,
    /// The dimension's value.
    pub value: String,
    pub counters: Counters,
}

/// How many requests fell into one latency bucket (`engine::metrics::bucket`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyPoint {
    /// Start of the step.
    pub at_ms: i64,
    pub bucket: i32,
    pub n: i64,
}

/// Sums kept as requests are recorded; no dashboard reads raw requests. Rows follow requests by at most a second.
#[async_trait]
pub trait RollupStore {
    /// Sums per step and value, ordered by time. `step_ms` is a multiple of the grain; steps start at `range.from_ms`.
    async fn rollup_series(
        &self,
        dimension: Dimension,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<RollupPoint>, StoreError>;
    /// Latency counts of answered requests per step and bucket, over everything.
    async fn latency_series(
        &self,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<LatencyPoint>, StoreError>;
    /// Folds every recorded request into the rollups now; the writer also does so by itself.
    async fn fold_rollups(&self) -> Result<(), StoreError>;
    /// Removes minute and hour rows that are past their time.
    async fn expire_rollups(&self, now_ms: i64) -> Result<u64, StoreError>;
}
