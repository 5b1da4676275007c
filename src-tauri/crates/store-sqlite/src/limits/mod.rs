//! Slots of limits, and the log on which draft limits are tried. What an exchange does is decided by the engine's
//! `limit::account`; here it is only kept.

mod exchange;
mod log;
mod reclaim;

pub(crate) use log::append_to_log;

use crate::{SqliteStore, error::from_sqlx};
use async_trait::async_trait;
use weir_engine::store::{LimitExchange, LimitFill, LimitReply, LimitStore, StoreError};

#[async_trait]
impl LimitStore for SqliteStore {
    async fn exchange_limits(&self, exchange: LimitExchange) -> Result<LimitReply, StoreError> {
        self.write(exchange::Exchange(exchange)).await
    }

    async fn reclaim_limits(&self, known_ms: i64, dead_after_ms: i64) -> Result<u64, StoreError> {
        self.write(reclaim::Reclaim {
            known_ms,
            dead_after_ms,
        })
        .await
    }

    async fn limit_fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        let callers = sqlx::query!(
            "SELECT caller, sum(amount) AS \"amount!: i64\"
             FROM (SELECT caller, amount FROM limit_uses
                   WHERE pool = ?1 AND used_ms + ?2 > (SELECT store_ms FROM limit_time)
                   UNION ALL SELECT caller, lent FROM limit_slots WHERE pool = ?1)
             GROUP BY caller ORDER BY 2 DESC, caller",
            pool,
            rest_ms
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(LimitFill {
            callers: u32::try_from(callers.len()).unwrap_or(u32::MAX),
            busiest: callers.into_iter().next().map(|one| (one.caller, one.amount)),
        })
    }

    async fn limit_log(&self, from_ms: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        sqlx::query_scalar!("SELECT body FROM limit_log WHERE until_ms >= ?", from_ms)
            .fetch_all(self.readers())
            .await
            .map_err(from_sqlx)
    }

    async fn expire_limit_log(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.write(log::Expire { before_ms }).await
    }
}
