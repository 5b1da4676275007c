//! Slots of limits in Redis. What an exchange does is decided by the engine's `limit::account`, as in every store; here it is
//! read, and written back only if nobody changed it meanwhile.
//!
//! Redis may lose what it acknowledged, when it is restarted or another takes its place. Then it does not know the holder, or
//! knows an older exchange of it than it had answered: the holder is told that what it was lent is lost, and lends anew what it
//! has in use. Until all have done so, within two seconds, slots that rest elsewhere may be lent once more.

mod exchange;
mod fill;
mod names;

use crate::link::{Away, Link};
use async_trait::async_trait;
use names::Names;
use redis::Script;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use weir_engine::{
    limit::account::LONGEST_STEP_MS,
    store::{LimitExchange, LimitFill, LimitReply, LimitStore, Store, StoreError},
};

/// Longer than any window, with what is added to it.
const USES_KEPT_MS: i64 = 2 * 86_400_000;

/// See the module's words. For one run of one gateway.
pub struct RedisLimits {
    link: Arc<Link>,
    names: Names,
    /// Keeps the log on which drafts are tried, which is made from the recorded requests.
    store: Arc<dyn Store>,
    write: Script,
    reclaim: Script,
    /// The newest exchange of a holder that Redis has answered.
    answered: Mutex<BTreeMap<String, i64>>,
}

impl RedisLimits {
    pub(crate) fn new(link: Arc<Link>, prefix: &str, store: Arc<dyn Store>) -> RedisLimits {
        RedisLimits {
            link,
            names: Names::new(prefix),
            store,
            write: Script::new(include_str!("write.lua")),
            reclaim: Script::new(include_str!("reclaim.lua")),
            answered: Mutex::default(),
        }
    }

    /// Limits in a Redis that throws them away would let more through than they say.
    fn be_kept(&self) -> Result<(), StoreError> {
        if self.link.forgets_anything() {
            return Err(StoreError::Unavailable(
                "Redis throws away any key when its memory is full, limits too: set its maxmemory-policy to volatile-lru or noeviction, or [redis] limits = false".to_owned(),
            ));
        }
        Ok(())
    }
}

pub(crate) fn unavailable(away: Away) -> StoreError {
    StoreError::Unavailable(format!("Redis: {away}"))
}

#[async_trait]
impl LimitStore for RedisLimits {
    async fn exchange_limits(&self, exchange: LimitExchange) -> Result<LimitReply, StoreError> {
        self.be_kept()?;
        self.exchange(&exchange).await
    }

    async fn reclaim_limits(&self, known_ms: i64, dead_after_ms: i64) -> Result<u64, StoreError> {
        self.be_kept()?;
        let names = &self.names;
        let mut reclaiming = self.reclaim.key(names.time());
        reclaiming.key(names.holders()).key(names.idle());
        reclaiming.arg(known_ms).arg(dead_after_ms).arg(LONGEST_STEP_MS);
        reclaiming.arg(USES_KEPT_MS).arg(names.accounts_of(""));
        let gone = self
            .link
            .ask(self.link.timeouts.write, |mut connection| async move {
                reclaiming.invoke_async::<u64>(&mut connection).await
            });
        gone.await.map_err(unavailable)
    }

    async fn limit_fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        self.fill(pool, rest_ms).await
    }

    async fn limit_log(&self, from_ms: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.limit_log(from_ms).await
    }

    async fn expire_limit_log(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.store.expire_limit_log(before_ms).await
    }
}
