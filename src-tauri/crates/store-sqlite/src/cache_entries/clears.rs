//! Clears of the cache: made, ended, listed, followed.

use super::{clear, end_clear, wide_clears};
use crate::{
    SqliteStore,
    error::{from_sqlx, inconsistent},
};
use async_trait::async_trait;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::time::Duration;
use tokio::time::Instant;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::{
    change::Act,
    store::{
        ClearChange, ClearEnd, ClearEvent, ClearStore, Cleared, Clearing, EndOutcome, KnownClear, StoreError,
    },
};

/// How long a purge waits for readers before it leaves the file's log to the next checkpoint.
const CHECKPOINT_WAIT: Duration = Duration::from_secs(2);

#[async_trait]
impl ClearStore for SqliteStore {
    async fn clear(&self, clearing: &Clearing, act: &Act) -> Result<Cleared, StoreError> {
        let operation = clear::Clear {
            clearing: clearing.clone(),
            wide: wide_clears::measure(self.readers(), clearing).await?,
            act: act.clone(),
        };
        let cleared = self.write(operation).await?;
        if clearing.purge {
            self.remove_cleared(cleared.seq).await?;
        }
        Ok(cleared)
    }

    async fn end_clear(&self, seq: i64, end: ClearEnd, act: &Act) -> Result<EndOutcome, StoreError> {
        let undone_ms = (end == ClearEnd::Undone).then_some(act.now_ms);
        let operation = end_clear::End {
            seq,
            end,
            wide: wide_clears::left_of(self.readers(), seq, undone_ms).await?,
            act: Some(act.clone()),
            now_ms: act.now_ms,
        };
        let outcome = self.write(operation).await?;
        if end == ClearEnd::Purged && matches!(outcome, EndOutcome::Done(_)) {
            self.remove_cleared(seq).await?;
        }
        Ok(outcome)
    }

    async fn purge_cleared(&self, now_ms: i64) -> Result<u64, StoreError> {
        let Some((seq, is_final)) = end_clear::due(self.readers(), now_ms).await? else {
            return Ok(0);
        };
        if !is_final {
            let end = ClearEnd::Purged;
            let operation = end_clear::End {
                seq,
                end,
                wide: wide_clears::left_of(self.readers(), seq, None).await?,
                act: None,
                now_ms,
            };
            self.write(operation).await?;
        }
        self.write(end_clear::Purge { clear_seq: seq }).await
    }

    async fn list_clears(&self, limit: u32) -> Result<Vec<KnownClear>, StoreError> {
        let rows = sqlx::query!(
            "SELECT cleared.seq, cleared.shown, cleared.who, cleared.at_ms, cleared.entries, cleared.bytes, cleared.saved_nanousd, cleared.collection_items,
                    done.act AS \"ended?: String\", done.at_ms AS \"ended_ms?: i64\", done.seq AS \"ended_seq?: i64\"
             FROM cache_clears AS cleared LEFT JOIN cache_clears AS done ON done.of_seq = cleared.seq
             WHERE cleared.act = 'clear' ORDER BY cleared.seq DESC LIMIT ?",
            limit
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        let known = rows.into_iter().map(|row| KnownClear {
            seq: row.seq,
            shown: row.shown,
            who: row.who,
            at_ms: row.at_ms,
            extent: CacheExtent {
                entries: row.entries,
                bytes: row.bytes,
                saved_nanousd: NanoUsd(row.saved_nanousd),
                collection_items: row.collection_items,
            },
            end: match (row.ended.as_deref(), row.ended_ms, row.ended_seq) {
                (Some("undo"), Some(at_ms), Some(seq)) => Some((ClearEnd::Undone, at_ms, seq)),
                (Some(_), Some(at_ms), Some(seq)) => Some((ClearEnd::Purged, at_ms, seq)),
                _ => None,
            },
        });
        Ok(known.collect())
    }

    async fn newest_clear(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!("SELECT coalesce(max(seq), 0) AS \"seq!: i64\" FROM cache_clears")
            .fetch_one(self.readers())
            .await
            .map_err(from_sqlx)
    }

    async fn clears_since(&self, seq: i64, limit: u32) -> Result<Vec<ClearEvent>, StoreError> {
        let rows = sqlx::query!(
            "SELECT seq, act, selector, value, keys, at_ms FROM cache_clears WHERE seq > ? ORDER BY seq LIMIT ?",
            seq,
            limit
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        let events = rows.into_iter().map(|row| {
            let selector = CacheSelector::from_parts(&row.selector, row.value).ok_or_else(|| {
                inconsistent("cache_clears", "selector", &row.selector, "it is no selector")
            })?;
            Ok(ClearEvent {
                seq: row.seq,
                at_us: row.at_ms.saturating_mul(1_000),
                selector,
                keys: row.keys.and_then(|keys| serde_json::from_str(&keys).ok()),
                change: ClearChange::of_act(&row.act),
            })
        });
        events.collect()
    }
}

impl SqliteStore {
    /// Removes all rows of a clear that is final, and empties the log of the file of what stood in them.
    async fn remove_cleared(&self, clear_seq: i64) -> Result<(), StoreError> {
        loop {
            let began = Instant::now();
            if self.write(end_clear::Purge { clear_seq }).await? == 0 {
                break;
            }
            // Half of the time is the traffic's.
            tokio::time::sleep(began.elapsed()).await;
        }
        // Answers "busy" while somebody reads what it would empty; the next one does the work then.
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .busy_timeout(CHECKPOINT_WAIT)
            .disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .map_err(from_sqlx)?;
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_all(&mut connection)
            .await
            .map_err(from_sqlx);
        connection.close().await.map_err(from_sqlx)?;
        emptied.map(|_| ())
    }
}
