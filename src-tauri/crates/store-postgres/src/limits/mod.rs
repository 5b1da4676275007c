//! Slots of limits, and the log on which draft limits are tried. What an exchange does is decided by the engine's
//! `limit::account`; here it is only kept.

mod exchange;
mod log;

pub(crate) use log::{Folded, log_requests};

use crate::{PostgresStore, text::storable};
use async_trait::async_trait;
use weir_engine::{
    limit::account::LONGEST_STEP_MS,
    store::{LimitExchange, LimitFill, LimitReply, LimitStore, StoreError},
};

/// Longer than any window, with what is added to it.
const USES_KEPT_MS: i64 = 2 * 86_400_000;

#[async_trait]
impl LimitStore for PostgresStore {
    async fn exchange_limits(&self, exchange: LimitExchange) -> Result<LimitReply, StoreError> {
        self.present(exchange::exchange(self.pool(), &exchange)).await
    }

    async fn reclaim_limits(&self, known_ms: i64, dead_after_ms: i64) -> Result<u64, StoreError> {
        // As `limit::account::reclaim` has it.
        let gone = self
            .asked(
                sqlx::query_scalar!(
                    "SELECT reclaim_limits($1, $2, $3, $4) AS \"gone!\"",
                    known_ms,
                    dead_after_ms,
                    LONGEST_STEP_MS,
                    USES_KEPT_MS
                )
                .fetch_one(self.pool()),
            )
            .await?;
        Ok(gone.unsigned_abs())
    }

    async fn limit_fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        let filled = self.asked(
sqlx::query!(
            "SELECT caller AS \"caller!\", sum(amount)::bigint AS \"amount!\", count(*) OVER () AS \"callers!\"
             FROM (SELECT caller, amount FROM limit_uses
                   WHERE pool = $1 AND used_ms + $2 > (SELECT store_ms FROM limit_time)
                   UNION ALL SELECT caller, lent FROM limit_slots WHERE pool = $1) AS taken
             GROUP BY caller ORDER BY 2 DESC, 1 LIMIT 1",
            storable(pool).into_owned(),
            rest_ms
        ).fetch_optional(self.pool())).await?;
        Ok(filled.map_or_else(LimitFill::default, |one| LimitFill {
            callers: u32::try_from(one.callers).unwrap_or(u32::MAX),
            busiest: Some((one.caller, one.amount)),
        }))
    }

    async fn limit_log(&self, from_ms: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.asked(
            sqlx::query_scalar!("SELECT body FROM limit_log WHERE until_ms >= $1", from_ms)
                .fetch_all(self.pool()),
        )
        .await
    }

    async fn expire_limit_log(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.asked(sqlx::query!("DELETE FROM limit_log WHERE until_ms < $1", before_ms).execute(self.pool()))
            .await
            .map(|done| done.rows_affected())
    }
}
