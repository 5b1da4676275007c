//! Removes from Redis what was cleared. It is not served in any case; this is for the memory, and for whoever asked that an
//! answer be gone. The newest clear that was carried out stands in Redis itself, so what was cleared while it was away is
//! removed when it is back, by whichever gateway comes first.

use crate::{
    answers::Answers,
    entry::{HEAD, Head},
    link::Away,
};
use redis::RedisResult;
use std::time::Duration;
use weir_engine::cache::shared::clears::ClearMark;

/// How often it is looked whether there is something to do.
const PAUSE: Duration = Duration::from_secs(1);
/// Entries that are judged at a time.
const AT_A_TIME: usize = 200;
/// One gateway sweeps; another may, when that one has died in the middle.
const CLAIM_MS: u64 = 30_000;

impl Answers {
    /// Removes what is cleared, whenever something is. Ends never.
    pub(crate) async fn keep_swept(&self) {
        let mut swept = None;
        loop {
            let newest = self.book().newest();
            if newest.is_some() && newest != swept {
                // What fails is done at the next look.
                match self.sweep_up_to(newest.unwrap_or_default()).await {
                    Ok(true) => swept = newest,
                    Ok(false) => {}
                    Err(away) => tracing::debug!(%away, "what was cleared is still in Redis, and not served"),
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.cleared.notified() => {}
            }
        }
    }

    /// True when everything that clears up to this one mean is gone.
    async fn sweep_up_to(&self, newest: ClearMark) -> Result<bool, Away> {
        let (done, claim) = (
            format!("{}#swept", self.prefix),
            format!("{}#sweeping", self.prefix),
        );
        let token = format!("{}:{}", newest.seq, newest.at_us);
        let found: Option<String> = self.command(redis::cmd("GET").arg(&done)).await?;
        if found.as_deref() == Some(token.as_str()) {
            return Ok(true);
        }
        let mut claiming = redis::cmd("SET");
        claiming.arg(&claim).arg(&token).arg("NX").arg("PX").arg(CLAIM_MS);
        let claimed: Option<String> = self.command(&claiming).await?;
        if claimed.is_none() {
            return Ok(false);
        }
        let swept = self.sweep(newest).await;
        if swept.is_ok() {
            self.command::<()>(redis::cmd("SET").arg(&done).arg(&token))
                .await?;
        }
        self.command::<()>(redis::cmd("DEL").arg(&claim)).await?;
        let removed = swept?;
        if removed > 0 {
            tracing::debug!(removed, "what was cleared is gone from Redis");
        }
        Ok(true)
    }

    async fn sweep(&self, newest: ClearMark) -> Result<usize, Away> {
        let (mut cursor, mut removed) = (0_u64, 0);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}*", self.prefix));
            scan.arg("COUNT").arg(AT_A_TIME);
            let (next, names): (u64, Vec<String>) = self.command(&scan).await?;
            let names: Vec<String> = names.into_iter().filter(|name| !name.contains('#')).collect();
            let gone = self.cleared_among(newest, names).await?;
            if !gone.is_empty() {
                removed += gone.len();
                self.command::<()>(redis::cmd("UNLINK").arg(gone)).await?;
            }
            if next == 0 {
                return Ok(removed);
            }
            cursor = next;
        }
    }

    async fn cleared_among(&self, newest: ClearMark, names: Vec<String>) -> Result<Vec<String>, Away> {
        if names.is_empty() {
            return Ok(names);
        }
        let mut pipe = redis::pipe();
        for name in &names {
            pipe.hget(name, HEAD);
        }
        let write = self.link.timeouts.write;
        let heads: Vec<Option<Vec<u8>>> = self
            .link
            .ask(write, |mut connection| async move {
                pipe.query_async(&mut connection).await
            })
            .await?;
        let book = self.book();
        let is_cleared = |head: Option<Vec<u8>>| {
            // What cannot be read serves nobody. What was made after a clear that is not known here is another's to judge.
            head.is_some_and(|head| match Head::decode(&head) {
                None => true,
                Some(head) => {
                    head.made_at.seq <= newest.seq
                        && book.newest().is_some()
                        && !book.may_serve(head.made_at, &head.row, head.marks.as_ref())
                }
            })
        };
        let judged = names.into_iter().zip(heads);
        Ok(judged
            .filter_map(|(name, head)| is_cleared(head).then_some(name))
            .collect())
    }

    async fn command<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Away> {
        let write = self.link.timeouts.write;
        let asking = self.link.ask(write, |mut connection| async move {
            let answer: RedisResult<T> = command.query_async(&mut connection).await;
            answer
        });
        asking.await
    }
}
