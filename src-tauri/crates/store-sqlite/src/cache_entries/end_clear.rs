//! Takes a clear back, or makes it final and removes its rows.

use super::{
    clear::{Event, add, marked, next_seq},
    wide_clears,
};
use crate::{changes::append, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::model::cache::CacheExtent;
use weir_engine::{
    change::{Act, Subject},
    store::{ClearEnd, EndOutcome, StoreError, UNDO_CLEAR_MS},
};

/// Most rows that are removed in one transaction: a thousand, scattered over all indexes and overwritten, hold up the writer for a
/// third of a second.
pub(super) const MOST: i64 = 200;

/// Ends a clear. Without an act Weir itself does, by its time.
pub(super) struct End {
    pub(super) seq: i64,
    pub(super) end: ClearEnd,
    /// What a wide clear still means.
    pub(super) wide: Option<CacheExtent>,
    pub(super) act: Option<Act>,
    pub(super) now_ms: i64,
}

#[async_trait]
impl Operation for End {
    type Reply = EndOutcome;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<EndOutcome, StoreError> {
        let found = sqlx::query!(
            "SELECT cleared.selector, cleared.value, cleared.keys, cleared.shown, cleared.at_ms, done.act AS \"ended?: String\"
             FROM cache_clears AS cleared LEFT JOIN cache_clears AS done ON done.of_seq = cleared.seq
             WHERE cleared.seq = ? AND cleared.act = 'clear'",
            self.seq
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(found) = found else {
            return Ok(EndOutcome::Unknown);
        };
        let is_undo = self.end == ClearEnd::Undone;
        match found.ended.as_deref() {
            Some("undo") => return Ok(EndOutcome::Ended(ClearEnd::Undone)),
            Some(_) => return Ok(EndOutcome::Ended(ClearEnd::Purged)),
            None if is_undo && found.at_ms <= self.now_ms - UNDO_CLEAR_MS => {
                return Ok(EndOutcome::Ended(ClearEnd::Purged));
            }
            None => {}
        }
        let oldest_ms = if is_undo { self.now_ms } else { i64::MIN };
        let extent = match self.wide {
            Some(extent) => extent,
            None => marked(connection, self.seq, oldest_ms).await?,
        };
        if is_undo {
            sqlx::query!("DELETE FROM cache_tombstones WHERE clear_seq = ?", self.seq)
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
            wide_clears::forget(connection, self.seq).await?;
        }
        let seq = next_seq(connection).await?;
        let who = self.act.as_ref().map(Act::who).unwrap_or_default();
        let event = Event {
            act: self.end.act(),
            of_seq: Some(self.seq),
            selector: &found.selector,
            value: &found.value,
            keys: found.keys,
            shown: &found.shown,
            who: &who,
            at_ms: self.now_ms,
            extent,
        };
        add(connection, seq, &event).await?;
        if let Some(act) = &self.act {
            let before =
                serde_json::json!({"clear": self.seq, "entries": extent.entries, "bytes": extent.bytes});
            let subject = Subject {
                kind: "cache",
                name: "entries",
                before: Some(&before.to_string()),
                after: Some(if is_undo {
                    r#"{"undone":true}"#
                } else {
                    r#"{"purged":true}"#
                }),
                config_version: None,
            };
            append(connection, act, subject, None).await?;
        }
        Ok(EndOutcome::Done(extent))
    }
}

/// Removes rows of a clear that is final; how many.
pub(super) struct Purge {
    pub(super) clear_seq: i64,
}

#[async_trait]
impl Operation for Purge {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        overwrite_deleted(connection, true).await?;
        let removed = remove(connection, self.clear_seq).await;
        overwrite_deleted(connection, false).await?;
        removed
    }
}

/// Whether whole pages that become free are overwritten in the file. Where nobody asks for it, only what lies in pages that are
/// written anyway is.
pub(super) async fn overwrite_deleted(
    connection: &mut SqliteConnection,
    is_wanted: bool,
) -> Result<(), StoreError> {
    let statement = if is_wanted {
        "PRAGMA secure_delete = ON"
    } else {
        "PRAGMA secure_delete = FAST"
    };
    sqlx::query(statement)
        .fetch_all(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

async fn remove(connection: &mut SqliteConnection, clear_seq: i64) -> Result<u64, StoreError> {
    // The triggers take questions, marks and tombstones with the entries.
    let removed = sqlx::query!(
        "DELETE FROM cache_entries WHERE key IN (SELECT key FROM cache_tombstones WHERE clear_seq = ? LIMIT ?)",
        clear_seq,
        MOST
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    match removed.rows_affected() {
        0 => wide_clears::remove(connection, clear_seq, MOST).await,
        removed => Ok(removed),
    }
}

/// A clear whose rows are to be removed, and whether it is final already.
pub(super) async fn due(readers: &SqlitePool, now_ms: i64) -> Result<Option<(i64, bool)>, StoreError> {
    let since_ms = now_ms - 2 * UNDO_CLEAR_MS;
    let left_over = sqlx::query_scalar!(
        "SELECT done.of_seq AS \"of_seq!: i64\" FROM cache_clears AS done
         WHERE done.act = 'purge' AND done.at_ms > ?
               AND (EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.clear_seq = done.of_seq)
                    OR EXISTS (SELECT 1 FROM cache_wide_clears AS wide WHERE wide.seq = done.of_seq))
         LIMIT 1",
        since_ms
    )
    .fetch_optional(readers)
    .await
    .map_err(from_sqlx)?;
    if let Some(seq) = left_over {
        return Ok(Some((seq, true)));
    }
    // Clears are numbered in the order of their times, so the oldest decides.
    let before_ms = now_ms - UNDO_CLEAR_MS;
    let oldest = sqlx::query!(
        "SELECT cleared.seq, EXISTS (SELECT 1 FROM cache_clears AS done WHERE done.of_seq = cleared.seq) AS \"is_final!: bool\"
         FROM cache_clears AS cleared
         WHERE cleared.seq = (SELECT min(seq) FROM (SELECT min(clear_seq) AS seq FROM cache_tombstones
                                                   UNION ALL SELECT min(seq) FROM cache_wide_clears))
               AND cleared.at_ms <= ?",
        before_ms
    )
    .fetch_optional(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(oldest.map(|row| (row.seq, row.is_final)))
}
