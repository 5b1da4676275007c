//! What the engine asks of the gateways that share a database: who they are and what they run.

use super::StoreError;
use async_trait::async_trait;

/// What a gateway says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayReport {
    pub id: String,
    /// Where it listens, such as `http://10.0.0.4:8787`. Empty when it has stopped, and so is listed no more.
    pub address: String,
    /// Of its program.
    pub version: String,
    /// Number of the newest configuration change that it runs.
    pub config_version: i64,
    /// Why a newer configuration does not run there; empty when nothing is wrong.
    pub config_problem: String,
    /// Where it counts limits: host and port of a Redis, empty for the database.
    pub limits_at: String,
    /// Number of the newest clear of the cache, undo or purge that it has followed.
    pub cache_seq: i64,
}

/// A gateway as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownGateway {
    pub report: GatewayReport,
    pub first_ms: i64,
    pub last_beat_ms: i64,
}

/// Gateways on one database. They become known by [`super::LedgerStore::beat`] and go with
/// [`super::LedgerStore::recover_dead_gateways`].
#[async_trait]
pub trait GatewayStore: Send + Sync {
    /// Writes down what a gateway says; nothing when it is not known (any more). No sign of life by itself.
    async fn report_gateway(&self, report: &GatewayReport) -> Result<(), StoreError>;
    /// All that say where they listen, the longest known first.
    async fn list_gateways(&self) -> Result<Vec<KnownGateway>, StoreError>;
}
