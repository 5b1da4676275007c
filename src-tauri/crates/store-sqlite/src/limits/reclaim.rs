//! Takes back what dead gateways were lent, and forgets uses that count no more.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::{limit::account::LONGEST_STEP_MS, store::StoreError};

/// Longer than any window, with what is added to it.
const USES_KEPT_MS: i64 = 2 * 86_400_000;

/// See the file's words.
pub(super) struct Reclaim {
    pub(super) known_ms: i64,
    pub(super) dead_after_ms: i64,
}

#[async_trait]
impl Operation for Reclaim {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let store_ms = sqlx::query_scalar!(
            "UPDATE limit_time SET store_ms = max(store_ms, ?) RETURNING store_ms",
            self.known_ms
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let heard_ms = store_ms.saturating_sub(self.dead_after_ms);
        let forgotten_ms = store_ms.saturating_sub(USES_KEPT_MS);
        // As `limit::account::reclaim` has it.
        let used_ms = store_ms.saturating_add(LONGEST_STEP_MS);
        sqlx::query!(
            "INSERT INTO limit_uses (pool, caller, used_ms, amount)
             SELECT slots.pool, slots.caller, ?, sum(slots.lent)
             FROM limit_slots AS slots, limit_holders AS holders
             WHERE slots.holder = holders.holder AND holders.heard_ms <= ?
             GROUP BY 1, 2
             ON CONFLICT DO UPDATE SET amount = amount + excluded.amount;
             DELETE FROM limit_slots
             WHERE holder IN (SELECT holder FROM limit_holders WHERE heard_ms <= ?);
             DELETE FROM limit_uses WHERE used_ms < ?",
            used_ms,
            heard_ms,
            heard_ms,
            forgotten_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        sqlx::query!("DELETE FROM limit_holders WHERE heard_ms <= ?", heard_ms)
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
            .map_err(from_sqlx)
    }
}
