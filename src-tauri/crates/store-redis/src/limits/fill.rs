//! How full a limit is, for a dashboard: reads every caller's account under it, some hundred at a time.

use super::{RedisLimits, names::read, unavailable};
use weir_engine::store::{LimitFill, StoreError};

const AT_A_TIME: usize = 200;

impl RedisLimits {
    pub(super) async fn fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        let names = &self.names;
        let wait = self.link.timeouts.write;
        let (callers, time) = (names.callers(pool), names.time());
        let asking = self.link.ask(wait, |mut connection| async move {
            let mut pipe = redis::pipe();
            pipe.smembers(callers);
            pipe.hget(time, "ms");
            pipe.query_async::<(Vec<String>, Option<i64>)>(&mut connection)
                .await
        });
        let (callers, store_ms) = asking.await.map_err(unavailable)?;
        let store_ms = store_ms.unwrap_or(0);
        let mut fill = LimitFill::default();
        for some in callers.chunks(AT_A_TIME) {
            let mut pipe = redis::pipe();
            for caller in some {
                pipe.hgetall(names.account(pool, caller));
            }
            let asking = self.link.ask(wait, |mut connection| async move {
                pipe.query_async::<Vec<Vec<(String, String)>>>(&mut connection)
                    .await
            });
            for (caller, fields) in some.iter().zip(asking.await.map_err(unavailable)?) {
                let mut account = read(fields).account;
                account
                    .used
                    .retain(|used_ms, _| used_ms.saturating_add(rest_ms) > store_ms);
                let taken = account.taken();
                if account.lent.is_empty() && account.used.is_empty() {
                    continue;
                }
                fill.callers = fill.callers.saturating_add(1);
                let is_busier = fill
                    .busiest
                    .as_ref()
                    .is_none_or(|(name, most)| taken > *most || (taken == *most && caller < name));
                if is_busier {
                    fill.busiest = Some((caller.clone(), taken));
                }
            }
        }
        Ok(fill)
    }
}
