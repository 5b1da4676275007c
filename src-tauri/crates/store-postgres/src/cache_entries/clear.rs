//! Clears entries and ends clears, by the functions that write the log in the same transaction.

use crate::{PostgresStore, error::from_sqlx, text::storable};
use weir_contract::{
    NanoUsd,
    model::cache::{CacheExtent, CacheSelector},
};
use weir_engine::{
    change::{Act, Subject, redact},
    store::{ClearEnd, Cleared, Clearing, EndOutcome, StoreError, UNDO_CLEAR_MS},
};

/// Most rows that one statement removes.
const MOST: i64 = 200;

/// What the functions add numbers to.
fn subject<'a>(before: &'a str, after: Option<&'a str>) -> Subject<'a> {
    Subject {
        kind: "cache",
        name: "entries",
        before: Some(before),
        after,
        config_version: None,
    }
}

/// Takes the entries out of service; with a purge, removes them, too.
pub(super) async fn clear(
    store: &PostgresStore,
    clearing: &Clearing,
    act: &Act,
) -> Result<Cleared, StoreError> {
    let before = serde_json::json!({"cleared": clearing.selector}).to_string();
    let after = clearing.purge.then_some(r#"{"purged":true}"#);
    let said = store.said(act, subject(&before, after)).await?;
    let shown = redact::json(
        &serde_json::json!(clearing.selector).to_string(),
        &store.salt().await?,
    );
    let (selector, value) = clearing.selector.parts();
    let done = sqlx::query!(
        "SELECT made_seq AS \"seq!\", entries AS \"entries!\", bytes AS \"bytes!\", saved_nanousd AS \"saved_nanousd!\",
                collection_items AS \"collection_items!\"
         FROM clear_cache($1, $2, $3, $4, $5, $6, $7, $8)",
        selector,
        storable(value).into_owned(),
        clearing
            .tenant
            .as_deref()
            .map(|tenant| storable(tenant).into_owned()) as Option<String>,
        clearing.purge,
        storable(&shown).into_owned(),
        storable(&act.who()).into_owned(),
        act.now_ms,
        said
    )
    .fetch_one(store.pool())
    .await
    .map_err(from_sqlx)?;
    if clearing.purge {
        remove(store, done.seq).await?;
    }
    Ok(Cleared {
        seq: done.seq,
        extent: CacheExtent {
            entries: done.entries,
            bytes: done.bytes,
            saved_nanousd: NanoUsd(done.saved_nanousd),
            collection_items: done.collection_items,
        },
    })
}

/// Undoes or purges. Without an act Weir itself makes it final, by its time.
pub(super) async fn end(
    store: &PostgresStore,
    seq: i64,
    end: ClearEnd,
    act: Option<&Act>,
    now_ms: i64,
) -> Result<EndOutcome, StoreError> {
    let after = match end {
        ClearEnd::Undone => r#"{"undone":true}"#,
        ClearEnd::Purged => r#"{"purged":true}"#,
    };
    let said = match act {
        Some(act) => Some(store.said(act, subject("{}", Some(after))).await?),
        None => None,
    };
    let who = act.map(Act::who).unwrap_or_default();
    let done = sqlx::query!(
        "SELECT outcome AS \"outcome!\", coalesce(entries, 0) AS \"entries!\", coalesce(bytes, 0) AS \"bytes!\",
                coalesce(saved_nanousd, 0) AS \"saved_nanousd!\"
         FROM end_clear($1, $2, $3, $4, $5, $6)",
        seq,
        end.act(),
        // The first moment from which a clear can still be undone.
        now_ms - UNDO_CLEAR_MS + 1,
        storable(&who).into_owned(),
        now_ms,
        said as Option<String>
    )
    .fetch_one(store.pool())
    .await
    .map_err(from_sqlx)?;
    Ok(match done.outcome.as_str() {
        "done" => EndOutcome::Done(CacheExtent {
            entries: done.entries,
            bytes: done.bytes,
            saved_nanousd: NanoUsd(done.saved_nanousd),
            collection_items: 0,
        }),
        "undone" => EndOutcome::Ended(ClearEnd::Undone),
        "purged" => EndOutcome::Ended(ClearEnd::Purged),
        _ => EndOutcome::Unknown,
    })
}

/// Removes all rows of a clear that is final.
pub(super) async fn remove(store: &PostgresStore, seq: i64) -> Result<(), StoreError> {
    while remove_some(store, seq).await? > 0 {}
    Ok(())
}

/// Removes a bounded number of them; how many.
pub(super) async fn remove_some(store: &PostgresStore, seq: i64) -> Result<u64, StoreError> {
    let removed = sqlx::query_scalar!("SELECT drop_cleared($1, $2) AS \"removed!\"", seq, MOST)
        .fetch_one(store.pool())
        .await
        .map_err(from_sqlx)?;
    Ok(u64::try_from(removed).unwrap_or(0))
}

/// Removes entries at once, where the engine must not keep them.
pub(super) async fn drop_at_once(
    store: &PostgresStore,
    selector: &CacheSelector,
) -> Result<CacheExtent, StoreError> {
    let (selector, value) = selector.parts();
    let gone = sqlx::query!(
        "SELECT entries AS \"entries!\", bytes AS \"bytes!\", saved_nanousd AS \"saved_nanousd!\" FROM drop_cached($1, $2)",
        selector,
        storable(value).into_owned()
    )
    .fetch_one(store.pool())
    .await
    .map_err(from_sqlx)?;
    Ok(CacheExtent {
        entries: gone.entries,
        bytes: gone.bytes,
        saved_nanousd: NanoUsd(gone.saved_nanousd),
        collection_items: 0,
    })
}
