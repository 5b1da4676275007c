//! What the engine asks of recorded requests and the reservations behind them.

use super::{HeldLease, LeaseKey, StoreError};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use weir_contract::{
    NanoUsd,
    model::request::{RequestDetail, RequestFilter, RequestRow, TraceStep},
};

/// Money held for one call before the provider is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenReservation {
    /// Request id, a dash, and the number of the reservation within the request. Opening twice is the same as once.
    pub id: String,
    pub gateway_id: String,
    /// The most that one cap holds for it; charged when nobody can say what it cost.
    pub amount_nanousd: NanoUsd,
    /// The most that the call can cost. Balanced caps hold less.
    pub hard_bound_nanousd: NanoUsd,
    /// The caps it counts against, with the lease it is taken from and how much of it. Empty when no cap applies.
    pub leases: Vec<HeldLease>,
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
