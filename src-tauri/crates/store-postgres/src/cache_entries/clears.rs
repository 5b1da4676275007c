//! Clears of the cache: made, ended, listed, followed.

use super::clear;
use crate::{
    PostgresStore,
    error::{from_sqlx, inconsistent},
};
use async_trait::async_trait;
use sqlx::PgPool;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::{
    change::Act,
    store::{
        ClearChange, ClearEnd, ClearEvent, ClearStore, Cleared, Clearing, EndOutcome, KnownClear, StoreError,
        UNDO_CLEAR_MS,
    },
};

#[async_trait]
impl ClearStore for PostgresStore {
    async fn clear(&self, clearing: &Clearing, act: &Act) -> Result<Cleared, StoreError> {
        self.present(clear::clear(self, clearing, act)).await
    }

    async fn end_clear(&self, seq: i64, end: ClearEnd, act: &Act) -> Result<EndOutcome, StoreError> {
        let outcome = self
            .present(clear::end(self, seq, end, Some(act), act.now_ms))
            .await?;
        if end == ClearEnd::Purged && matches!(outcome, EndOutcome::Done(_)) {
            self.present(clear::remove(self, seq)).await?;
        }
        Ok(outcome)
    }

    async fn purge_cleared(&self, now_ms: i64) -> Result<u64, StoreError> {
        let Some((seq, is_final)) = self.present(due(self.pool(), now_ms)).await? else {
            return Ok(0);
        };
        if !is_final {
            self.present(clear::end(self, seq, ClearEnd::Purged, None, now_ms))
                .await?;
        }
        self.present(clear::remove_some(self, seq)).await
    }

    async fn list_clears(&self, limit: u32) -> Result<Vec<KnownClear>, StoreError> {
        let asked = sqlx::query!(
            "SELECT cleared.seq, cleared.shown, cleared.who, cleared.at_ms, cleared.entries, cleared.bytes, cleared.saved_nanousd, cleared.collection_items,
                    done.act AS \"ended?\", done.at_ms AS \"ended_ms?\", done.seq AS \"ended_seq?\"
             FROM cache_clears AS cleared LEFT JOIN cache_clears AS done ON done.of_seq = cleared.seq
             WHERE cleared.act = 'clear' ORDER BY cleared.seq DESC LIMIT $1",
            i64::from(limit)
        )
        .fetch_all(self.pool());
        let rows = self.asked(asked).await?;
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
        let asked = sqlx::query_scalar!("SELECT coalesce(max(seq), 0) AS \"seq!\" FROM cache_clears")
            .fetch_one(self.pool());
        self.asked(asked).await
    }

    async fn clears_since(&self, seq: i64, limit: u32) -> Result<Vec<ClearEvent>, StoreError> {
        let asked = sqlx::query!(
            "SELECT seq, act, selector, value, keys, (extract(epoch FROM at) * 1000000)::bigint AS \"at_us!\"
             FROM cache_clears WHERE seq > $1 ORDER BY seq LIMIT $2",
            seq,
            i64::from(limit)
        )
        .fetch_all(self.pool());
        let rows = self.asked(asked).await?;
        let events = rows.into_iter().map(|row| {
            let selector = CacheSelector::from_parts(&row.selector, row.value).ok_or_else(|| {
                inconsistent("cache_clears", "selector", &row.selector, "it is no selector")
            })?;
            Ok(ClearEvent {
                seq: row.seq,
                at_us: row.at_us,
                selector,
                keys: row.keys.and_then(|keys| serde_json::from_str(&keys).ok()),
                change: ClearChange::of_act(&row.act),
            })
        });
        events.collect()
    }
}

/// A clear whose rows are to be removed, and whether it is final already.
async fn due(pool: &PgPool, now_ms: i64) -> Result<Option<(i64, bool)>, StoreError> {
    let left_over = sqlx::query_scalar!(
        "SELECT done.of_seq AS \"of_seq!\" FROM cache_clears AS done
         WHERE done.act = 'purge' AND done.at_ms > $1
               AND (EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.clear_seq = done.of_seq)
                    OR EXISTS (SELECT 1 FROM cache_wide_clears AS wide WHERE wide.seq = done.of_seq))
         LIMIT 1",
        now_ms - 2 * UNDO_CLEAR_MS
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    if let Some(seq) = left_over {
        return Ok(Some((seq, true)));
    }
    // Clears are numbered in the order of their times, so the oldest decides.
    let oldest = sqlx::query!(
        "SELECT cleared.seq, EXISTS (SELECT 1 FROM cache_clears AS done WHERE done.of_seq = cleared.seq) AS \"is_final!\"
         FROM cache_clears AS cleared
         WHERE cleared.seq = least((SELECT min(clear_seq) FROM cache_tombstones), (SELECT min(seq) FROM cache_wide_clears))
               AND cleared.at_ms <= $1",
        now_ms - UNDO_CLEAR_MS
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(oldest.map(|row| (row.seq, row.is_final)))
}
