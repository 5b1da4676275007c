//! What a selector means, for listing and measuring. The function `clear_condition` and the view `served_entries` say the same once
//! more, and the contract compares them.

use super::StoredEntry;
use crate::{
    collections,
    error::{from_sqlx, inconsistent},
    text::storable,
};
use sqlx::PgPool;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheEntryRow, CacheExtent, CacheSelector},
};
use weir_engine::store::StoreError;

/// Runs one of the macros below with the condition that stands for the selector. `$1` and `$2` are its values.
macro_rules! by_selector {
    ($selector:expr, $query:ident, $executor:expr $(, $argument:expr)*) => {
        match $selector {
            CacheSelector::All => $query!("$1 = '' AND $2 = ''", "", "", $executor $(, $argument)*),
            CacheSelector::Entry(key) => $query!("key = $1 AND $2 = ''", key, "", $executor $(, $argument)*),
            CacheSelector::Intent(intent) => $query!("intent = $1 AND $2 = ''", intent, "", $executor $(, $argument)*),
            // The names find them by index; the comparison decides, as `CacheSelector::means` does.
            CacheSelector::Model(name) => $query!(
                "model IN ($1, $2) AND (model = $1 OR provider || '/' || model = $1)",
                name,
                name.split_once('/').map_or(name.as_str(), |(_, model)| model),
                $executor $(, $argument)*
            ),
            // The range finds them by index; the comparison decides, so that letters and wildcards mean themselves.
            CacheSelector::Prefix(prefix) => $query!(
                "label >= $1 AND starts_with(label, $2)",
                prefix,
                prefix,
                $executor $(, $argument)*
            ),
            CacheSelector::Source(source) => $query!(
                "key IN (SELECT mark.key FROM cache_marks AS mark WHERE mark.kind = 'source' AND mark.value = $1) AND $2 = ''",
                source,
                "",
                $executor $(, $argument)*
            ),
            CacheSelector::User(user) => $query!(
                "key IN (SELECT mark.key FROM cache_marks AS mark WHERE mark.kind = 'user' AND mark.value = $1) AND $2 = ''",
                user,
                "",
                $executor $(, $argument)*
            ),
        }
    };
}

macro_rules! page {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $after:expr, $limit:expr) => {{
        let (first, second, (created_ms, key), limit) = ($first, $second, $after, $limit);
        sqlx::query_as!(
            StoredEntry,
            "SELECT key AS \"key!\", label AS \"label!\", intent AS \"intent!\", provider AS \"provider!\", model AS \"model!\",
                    tier AS \"tier!\", team AS \"team!\", created_ms AS \"created_ms!\", expires_ms AS \"expires_ms!\",
                    last_hit_ms, hits AS \"hits!\", bytes AS \"bytes!\", cost_nanousd AS \"cost_nanousd!\"
             FROM served_entries WHERE "
                + $condition
                + " AND (created_ms, key) < ($3, $4) ORDER BY created_ms DESC, key DESC LIMIT $5",
            storable(first).into_owned(),
            storable(second).into_owned(),
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
            "SELECT count(*) AS \"entries!\", coalesce(sum(bytes), 0)::bigint AS \"bytes!\",
                    coalesce(sum(hits * cost_nanousd), 0)::bigint AS \"saved_nanousd!\"
             FROM served_entries WHERE "
                + $condition,
            storable(first).into_owned(),
            storable(second).into_owned()
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
    pool: &PgPool,
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
    by_selector!(selector, page, pool, after, limit)
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
pub(super) async fn extent(pool: &PgPool, selector: &CacheSelector) -> Result<CacheExtent, StoreError> {
    let answers: CacheExtent = by_selector!(selector, sums, pool).map_err(from_sqlx)?;
    Ok(CacheExtent {
        collection_items: collections::extent(pool, selector).await?,
        ..answers
    })
}
