//! Asks gateways to give back what they hold free of a cap, and tells them what was asked.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseRecall, StoreError},
};

/// Recalls that are kept; whoever was away for longer has lost its leases anyway.
const MOST_KEPT: i64 = 1_000;

/// Asks, where a living gateway other than this one has unspent money of the cap.
pub(super) struct Recall {
    pub(super) cap: String,
    pub(super) counted: CountedStarts,
    pub(super) gateway_id: String,
}

#[async_trait]
impl Operation for Recall {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let asked = sqlx::query_scalar!(
            "INSERT OR REPLACE INTO lease_recalls (cap, gateway_id)
             SELECT ?1, ?2 WHERE EXISTS (
                 SELECT 1 FROM leases JOIN gateways ON gateways.id = leases.gateway_id
                 WHERE leases.cap = ?1 AND period_start_ms BETWEEN ?3 AND ?4 AND leases.gateway_id <> ?2
                   AND granted_nanousd > returned_nanousd + spent_nanousd + reserved_nanousd)
             RETURNING seq",
            self.cap,
            self.gateway_id,
            self.counted.first_ms,
            self.counted.last_ms
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(seq) = asked else { return Ok(false) };
        let oldest = seq - MOST_KEPT;
        sqlx::query!("DELETE FROM lease_recalls WHERE seq <= ?", oldest)
            .execute(connection)
            .await
            .map(|_| true)
            .map_err(from_sqlx)
    }
}

/// What was asked after this.
pub(super) async fn after(readers: &SqlitePool, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
    sqlx::query_as!(
        LeaseRecall,
        "SELECT seq, cap, gateway_id FROM lease_recalls WHERE seq > ? ORDER BY seq",
        after_seq
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)
}
