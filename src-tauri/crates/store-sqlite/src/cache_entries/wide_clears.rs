//! Clears of many entries: one row says what is meant, and look-ups judge by it. They are counted on the readers' connections, so
//! that neither the clear nor its undo holds up the writer.

use super::select::by_selector;
use crate::error::{from_sqlx, inconsistent};
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::{
    NanoUsd,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::store::{Clearing, StoreError};

/// Up to so many entries are marked one by one.
const MOST_MARKED: i64 = 1000;
/// Every look-up judges by each of them, so further ones mark their entries, however many those are.
const MOST_WIDE: i64 = 16;

struct Wide {
    last_entry: i64,
    selector: CacheSelector,
    tenant: Option<String>,
}

struct Sums {
    entries: i64,
    bytes: i64,
    saved_nanousd: i64,
}

impl From<Sums> for CacheExtent {
    fn from(sums: Sums) -> CacheExtent {
        CacheExtent {
            entries: sums.entries,
            bytes: sums.bytes,
            saved_nanousd: NanoUsd(sums.saved_nanousd),
            collection_items: 0,
        }
    }
}

macro_rules! to_clear {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $clearing:expr) => {{
        let (first, second, clearing) = ($first, $second, $clearing);
        let (tenant, purge) = (clearing.tenant.as_deref(), clearing.purge);
        sqlx::query_as!(
            Sums,
            "SELECT count(*) AS \"entries!: i64\", coalesce(sum(bytes), 0) AS \"bytes!: i64\",
                    coalesce(sum(hits * cost_nanousd), 0) AS \"saved_nanousd!: i64\"
             FROM cache_entries WHERE "
                + $condition
                + " AND (?3 IS NULL OR tenant = ?3 OR (tenant = '' AND team <> '' AND 'team:' || team = ?3))
                   AND (?4 OR EXISTS (SELECT 1 FROM served_entries AS served WHERE served.seq = cache_entries.seq))",
            first,
            second,
            tenant,
            purge
        )
        .fetch_one($executor)
        .await
    }};
}

macro_rules! still_meant {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $seq:expr, $wide:expr, $oldest_ms:expr) => {{
        let (first, second, seq, wide, oldest_ms) = ($first, $second, $seq, $wide, $oldest_ms);
        let (last_entry, tenant) = (wide.last_entry, wide.tenant.as_deref());
        sqlx::query_as!(
            Sums,
            "SELECT count(*) AS \"entries!: i64\", coalesce(sum(bytes), 0) AS \"bytes!: i64\",
                    coalesce(sum(hits * cost_nanousd), 0) AS \"saved_nanousd!: i64\"
             FROM cache_entries WHERE "
                + $condition
                + " AND seq <= ?3
                   AND (?4 IS NULL OR tenant = ?4 OR (tenant = '' AND team <> '' AND 'team:' || team = ?4))
                   AND (?5 IS NULL OR (
                       expires_ms > ?5
                       AND NOT EXISTS (SELECT 1 FROM cache_tombstones AS tomb WHERE tomb.key = cache_entries.key)
                       AND NOT EXISTS (SELECT 1 FROM widely_cleared AS other
                                       WHERE other.entry_seq = cache_entries.seq AND other.clear_seq <> ?6)))",
            first,
            second,
            last_entry,
            tenant,
            oldest_ms,
            seq
        )
        .fetch_one($executor)
        .await
    }};
}

macro_rules! remove_some {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $wide:expr, $most:expr) => {{
        let (first, second, wide, most) = ($first, $second, $wide, $most);
        let (last_entry, tenant) = (wide.last_entry, wide.tenant.as_deref());
        sqlx::query!(
            "DELETE FROM cache_entries WHERE seq IN (
                 SELECT seq FROM cache_entries WHERE "
                + $condition
                + " AND seq <= ?3
                   AND (?4 IS NULL OR tenant = ?4 OR (tenant = '' AND team <> '' AND 'team:' || team = ?4)) LIMIT ?5)",
            first,
            second,
            last_entry,
            tenant,
            most
        )
        .execute($executor)
        .await
    }};
}

/// How much a clear would take, where it is so much that it is to be a wide one.
pub(super) async fn measure(
    readers: &SqlitePool,
    clearing: &Clearing,
) -> Result<Option<CacheExtent>, StoreError> {
    let sums: Sums = by_selector!(&clearing.selector, to_clear, readers, clearing).map_err(from_sqlx)?;
    if sums.entries <= MOST_MARKED {
        return Ok(None);
    }
    let others = sqlx::query_scalar!("SELECT count(*) AS \"n!: i64\" FROM cache_wide_clears")
        .fetch_one(readers)
        .await
        .map_err(from_sqlx)?;
    Ok((others < MOST_WIDE).then(|| sums.into()))
}

/// From the commit on, nobody finds what it means.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    seq: i64,
    clearing: &Clearing,
) -> Result<(), StoreError> {
    let (selector, value) = clearing.selector.parts();
    sqlx::query!(
        "INSERT INTO cache_wide_clears (seq, last_entry, selector, value, tenant)
         SELECT ?, coalesce(max(seq), 0), ?, ?, ? FROM cache_entries",
        seq,
        selector,
        value,
        clearing.tenant
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// How much an undo at a time would bring back, and without one how much a purge would remove; none where it is no wide clear.
pub(super) async fn left_of(
    readers: &SqlitePool,
    seq: i64,
    undone_ms: Option<i64>,
) -> Result<Option<CacheExtent>, StoreError> {
    let mut connection = readers.acquire().await.map_err(from_sqlx)?;
    let Some(wide) = find(&mut connection, seq).await? else {
        return Ok(None);
    };
    let sums: Sums = by_selector!(
        &wide.selector,
        still_meant,
        &mut *connection,
        seq,
        &wide,
        undone_ms
    )
    .map_err(from_sqlx)?;
    Ok(Some(sums.into()))
}

/// From the commit on, what no other clear means is found again.
pub(super) async fn forget(connection: &mut SqliteConnection, seq: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM cache_wide_clears WHERE seq = ?", seq)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// Removes so many entries at most that a clear means, and with the last of them its row; how many.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    seq: i64,
    most: i64,
) -> Result<u64, StoreError> {
    let Some(wide) = find(connection, seq).await? else {
        return Ok(0);
    };
    let removed =
        by_selector!(&wide.selector, remove_some, &mut *connection, &wide, most).map_err(from_sqlx)?;
    if removed.rows_affected() == 0 {
        forget(connection, seq).await?;
    }
    Ok(removed.rows_affected())
}

async fn find(connection: &mut SqliteConnection, seq: i64) -> Result<Option<Wide>, StoreError> {
    let found = sqlx::query!(
        "SELECT last_entry, selector, value, tenant FROM cache_wide_clears WHERE seq = ?",
        seq
    )
    .fetch_optional(connection)
    .await
    .map_err(from_sqlx)?;
    let Some(found) = found else { return Ok(None) };
    let selector = CacheSelector::from_parts(&found.selector, found.value).ok_or_else(|| {
        inconsistent(
            "cache_wide_clears",
            "selector",
            &found.selector,
            "it is no selector",
        )
    })?;
    Ok(Some(Wide {
        last_entry: found.last_entry,
        selector,
        tenant: found.tenant,
    }))
}
