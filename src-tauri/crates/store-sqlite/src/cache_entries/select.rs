//! What a selector means, once for listing, measuring and clearing, so that a preview and its clear agree. The view
//! `widely_cleared` says the same once more, and the contract compares them.

use super::StoredEntry;
use crate::{
    collections,
    error::{from_sqlx, inconsistent},
};
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::{
    NanoUsd,
    model::cache::{CacheEntryRow, CacheExtent, CacheSelector},
};
use weir_engine::store::StoreError;

/// Runs one of the macros below (or of `clear.rs`) with the condition that stands for the selector. `?1` and `?2` are its values.
macro_rules! by_selector {
    ($selector:expr, $query:ident, $executor:expr $(, $argument:expr)*) => {
        match $selector {
            CacheSelector::All => $query!("?1 AND ?2", true, true, $executor $(, $argument)*),
            CacheSelector::Entry(key) => $query!("key = ?1 AND ?2", key, true, $executor $(, $argument)*),
            CacheSelector::Intent(intent) => $query!("intent = ?1 AND ?2", intent, true, $executor $(, $argument)*),
            // The names find them by index; the comparison decides, as `CacheSelector::means` does.
            CacheSelector::Model(name) => $query!(
                "model IN (?1, ?2) AND (model = ?1 OR provider || '/' || model = ?1)",
                name,
                name.split_once('/').map_or(name.as_str(), |(_, model)| model),
                $executor $(, $argument)*
            ),
            // The range finds them by index; the comparison decides, so that letters and wildcards mean themselves.
            CacheSelector::Prefix(prefix) => $query!(
                "label >= ?1 AND substr(label, 1, ?2) = ?1",
                prefix,
                i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX),
                $executor $(, $argument)*
            ),
            CacheSelector::Source(source) => $query!(
                "key IN (SELECT key FROM cache_marks WHERE kind = 'source' AND value = ?1) AND ?2",
                source,
                true,
                $executor $(, $argument)*
            ),
            CacheSelector::User(user) => $query!(
                "key IN (SELECT key FROM cache_marks WHERE kind = 'user' AND value = ?1) AND ?2",
                user,
                true,
                $executor $(, $argument)*
            ),
        }
    };
}
pub(super) use by_selector;

macro_rules! page {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $after:expr, $limit:expr) => {{
        let (first, second, (created_ms, key), limit) = ($first, $second, $after, $limit);
        sqlx::query_as!(
            StoredEntry,
            "SELECT key, label, intent, provider, model, tier, team, created_ms, expires_ms, last_hit_ms, hits, bytes,
                    cost_nanousd
             FROM served_entries WHERE "
                + $condition
                + " AND (created_ms, key) < (?3, ?4) ORDER BY created_ms DESC, key DESC LIMIT ?5",
            first,
            second,
            created_ms,
            key,
            limit
        )
        .fetch_all($executor)
        .await
    }};
}

macro_rules! sums {
    ($condition:literal, $first:expr, $second:expr, $executor:expr) => {{
        let (first, second) = ($first, $second);
        sqlx::query!(
            "SELECT count(*) AS \"entries!: i64\", coalesce(sum(bytes), 0) AS \"bytes!: i64\",
                    coalesce(sum(hits * cost_nanousd), 0) AS \"saved_nanousd!: i64\"
             FROM served_entries WHERE "
                + $condition,
            first,
            second
        )
        .fetch_one($executor)
        .await
        .map(|sums| CacheExtent {
            entries: sums.entries,
            bytes: sums.bytes,
            saved_nanousd: NanoUsd(sums.saved_nanousd),
            collection_items: 0,
        })
    }};
}

/// A page of entries, newest first.
pub(super) async fn list(
    readers: &SqlitePool,
    selector: &CacheSelector,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Vec<CacheEntryRow>, StoreError> {
    // Keys are hexadecimal, so every key comes before this letter.
    let after = match cursor {
        Some(cursor) => read_cursor(cursor)?,
        None => (i64::MAX, "~"),
    };
    let limit = i64::from(limit);
    by_selector!(selector, page, readers, after, limit)
        .map_err(from_sqlx)?
        .into_iter()
        .map(CacheEntryRow::try_from)
        .collect()
}

fn read_cursor(cursor: &str) -> Result<(i64, &str), StoreError> {
    cursor
        .split_once(':')
        .and_then(|(created_ms, key)| Some((created_ms.parse().ok()?, key)))
        .ok_or_else(|| {
            inconsistent(
                "cache_entries",
                "key",
                cursor,
                "this is no place to continue after; start again at the first page",
            )
        })
}

/// Number, bytes and savings of the entries.
pub(super) async fn extent(
    connection: &mut SqliteConnection,
    selector: &CacheSelector,
) -> Result<CacheExtent, StoreError> {
    let answers: CacheExtent = by_selector!(selector, sums, &mut *connection).map_err(from_sqlx)?;
    Ok(CacheExtent {
        collection_items: collections::extent(connection, selector).await?,
        ..answers
    })
}
