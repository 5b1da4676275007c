//! Takes entries out of service, or drops those that the engine itself must not keep.

use super::{select::by_selector, wide_clears};
use crate::{
    changes::{append, salt},
    collections,
    error::from_sqlx,
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::{
    NanoUsd,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::{
    change::{Act, Subject, redact},
    store::{Cleared, Clearing, MOST_CLEARED_KEYS, StoreError},
};

// In the order of the keys, so that a large clear writes each page of the tombstones once.
macro_rules! mark {
    ($condition:literal, $first:expr, $second:expr, $executor:expr, $seq:expr, $clearing:expr) => {{
        let (first, second, seq, clearing) = ($first, $second, $seq, $clearing);
        let (tenant, purge) = (clearing.tenant.as_deref(), clearing.purge);
        sqlx::query!(
            "INSERT INTO cache_tombstones (key, clear_seq) SELECT key, ?3 FROM cache_entries WHERE "
                + $condition
                + " AND (?5 OR EXISTS (SELECT 1 FROM served_entries AS served WHERE served.seq = cache_entries.seq))"
                + " AND (?4 IS NULL OR tenant = ?4 OR (tenant = '' AND team <> '' AND 'team:' || team = ?4))
                   ORDER BY key ON CONFLICT (key) DO UPDATE SET clear_seq = excluded.clear_seq WHERE ?5",
            first,
            second,
            seq,
            tenant,
            purge
        )
        .execute($executor)
        .await
    }};
}

macro_rules! drop_rows {
    ($condition:literal, $first:expr, $second:expr, $executor:expr) => {{
        let (first, second) = ($first, $second);
        sqlx::query!(
            "DELETE FROM cache_entries WHERE seq IN (SELECT seq FROM served_entries WHERE "
                + $condition
                + ")",
            first,
            second
        )
        .execute($executor)
        .await
    }};
}

/// A row of `cache_clears`.
pub(super) struct Event<'a> {
    pub(super) act: &'a str,
    pub(super) of_seq: Option<i64>,
    pub(super) selector: &'a str,
    pub(super) value: &'a str,
    pub(super) keys: Option<String>,
    pub(super) shown: &'a str,
    pub(super) who: &'a str,
    pub(super) at_ms: i64,
    pub(super) extent: CacheExtent,
}

/// The number that follows the newest. The transaction holds the database's write lock, so it stays the newest.
pub(super) async fn next_seq(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar!("SELECT coalesce(max(seq), 0) + 1 AS \"seq!: i64\" FROM cache_clears")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

pub(super) async fn add(
    connection: &mut SqliteConnection,
    seq: i64,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO cache_clears (seq, act, of_seq, selector, value, keys, shown, who, at_ms, entries, bytes, saved_nanousd,
                                   collection_items)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        event.act,
        event.of_seq,
        event.selector,
        event.value,
        event.keys,
        event.shown,
        event.who,
        event.at_ms,
        event.extent.entries,
        event.extent.bytes,
        event.extent.saved_nanousd.0,
        event.extent.collection_items
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Number, bytes and savings of what is marked by a clear and has not expired.
pub(super) async fn marked(
    connection: &mut SqliteConnection,
    clear_seq: i64,
    now_ms: i64,
) -> Result<CacheExtent, StoreError> {
    let sums = sqlx::query!(
        "SELECT count(*) AS \"entries!: i64\", coalesce(sum(entry.bytes), 0) AS \"bytes!: i64\",
                coalesce(sum(entry.hits * entry.cost_nanousd), 0) AS \"saved_nanousd!: i64\"
         FROM cache_tombstones AS tomb JOIN cache_entries AS entry ON entry.key = tomb.key
         WHERE tomb.clear_seq = ? AND entry.expires_ms > ?",
        clear_seq,
        now_ms
    )
    .fetch_one(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(CacheExtent {
        entries: sums.entries,
        bytes: sums.bytes,
        saved_nanousd: NanoUsd(sums.saved_nanousd),
        collection_items: 0,
    })
}

/// Marks what is meant, or says what that is where it is much; nobody finds it after the commit.
pub(super) struct Clear {
    pub(super) clearing: Clearing,
    /// How much it is, where that is too much to mark each.
    pub(super) wide: Option<CacheExtent>,
    pub(super) act: Act,
}

#[async_trait]
impl Operation for Clear {
    type Reply = Cleared;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Cleared, StoreError> {
        let (clearing, act) = (&self.clearing, &self.act);
        let seq = next_seq(connection).await?;
        let mut extent = match self.wide {
            Some(extent) => {
                wide_clears::add(connection, seq, clearing).await?;
                extent
            }
            None => {
                by_selector!(&clearing.selector, mark, &mut *connection, seq, clearing).map_err(from_sqlx)?;
                marked(connection, seq, i64::MIN).await?
            }
        };
        if clearing.tenant.is_none() {
            // Items are no copies, so they are not marked: they go at once.
            extent.collection_items = collections::extent(connection, &clearing.selector).await?;
            collections::clear(connection, &clearing.selector).await?;
        }
        let keys = keys_of(connection, seq, extent.entries).await?;
        let salt = salt(connection).await?;
        let selector = serde_json::json!(clearing.selector);
        let shown = redact::json(&selector.to_string(), &salt);
        let who = act.who();
        let (kind, value) = clearing.selector.forgotten();
        let mut event = Event {
            act: "clear",
            of_seq: None,
            selector: kind,
            value,
            keys,
            shown: &shown,
            who: &who,
            at_ms: act.now_ms,
            extent,
        };
        add(connection, seq, &event).await?;
        if clearing.purge {
            event.act = "purge";
            event.of_seq = Some(seq);
            add(connection, seq + 1, &event).await?;
        }
        let before = serde_json::json!({
            "cleared": selector, "clear": seq, "entries": extent.entries, "bytes": extent.bytes,
            "collection_items": extent.collection_items,
        });
        let subject = Subject {
            kind: "cache",
            name: "entries",
            before: Some(&before.to_string()),
            after: clearing.purge.then_some(r#"{"purged":true}"#),
            config_version: None,
        };
        append(connection, act, subject, None).await?;
        Ok(Cleared { seq, extent })
    }
}

/// The keys of a small clear.
async fn keys_of(
    connection: &mut SqliteConnection,
    seq: i64,
    entries: i64,
) -> Result<Option<String>, StoreError> {
    if entries > MOST_CLEARED_KEYS {
        return Ok(None);
    }
    let keys = sqlx::query_scalar!("SELECT key FROM cache_tombstones WHERE clear_seq = ?", seq)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(Some(serde_json::json!(keys).to_string()))
}

/// Removes entries at once, where the engine must not keep them.
pub(super) struct Drop(pub(super) CacheSelector);

#[async_trait]
impl Operation for Drop {
    type Reply = CacheExtent;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<CacheExtent, StoreError> {
        let extent = super::select::extent(connection, &self.0).await?;
        by_selector!(&self.0, drop_rows, &mut *connection).map_err(from_sqlx)?;
        let at_ms = sqlx::query_scalar!("SELECT unixepoch() * 1000 AS \"at_ms!: i64\"")
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let seq = next_seq(connection).await?;
        let (selector, value) = self.0.forgotten();
        let event = Event {
            act: "drop",
            of_seq: None,
            selector,
            value,
            keys: None,
            shown: "",
            who: "",
            at_ms,
            extent,
        };
        add(connection, seq, &event).await?;
        Ok(extent)
    }
}
