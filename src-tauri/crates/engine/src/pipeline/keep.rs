//! Keeping a bought answer for the calls that come after it.

use super::{journal::Journal, outcome::FlightEnd, prepare::Prepared};
use crate::{
    cache::entry::{CachedAnswer, KeptAnswer, reason_not_to_keep},
    call::Call,
    engine::Engine,
    settings::Settings,
    store::CacheEntry,
};
use std::sync::{Arc, atomic::Ordering};
use weir_contract::model::{
    cache::{CacheEntryRow, CacheSelector},
    request::RequestRow,
};

/// Keeps an answer where it may be kept, and says what the flight ends with.
pub(super) async fn keep(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    journal: &mut Journal,
    kept: KeptAnswer,
) -> FlightEnd {
    let entry_row = row_of(prepared, &journal.row, call, engine.clock.now_ms());
    let reason = reason_not_to_keep(call.chat.as_deref(), &kept.answer);
    if prepared.cache_key.is_none() || prepared.ttl_seconds == 0 || reason.is_some() {
        if let Some(reason) = reason {
            journal.note("store", format!("not kept: {reason}"), &[]);
        }
        let entry = CacheEntry {
            row: entry_row,
            app_version: settings.app_version.clone(),
            body: Vec::new(),
        };
        return FlightEnd::Answered(Arc::new(CachedAnswer { entry, kept }));
    }
    let body = kept.encode();
    let entry_row = CacheEntryRow {
        bytes: i64::try_from(body.len()).unwrap_or(i64::MAX),
        ..entry_row
    };
    let entry = CacheEntry {
        row: entry_row,
        app_version: settings.app_version.clone(),
        body,
    };
    let cached = Arc::new(CachedAnswer { entry, kept });
    put(engine, &cached, prepared.ttl_seconds, journal).await;
    FlightEnd::Answered(cached)
}

/// The entry's row, its body still to be measured.
fn row_of(prepared: &Prepared, row: &RequestRow, call: &Call, now_ms: i64) -> CacheEntryRow {
    CacheEntryRow {
        key: prepared.cache_key.clone().unwrap_or_default(),
        label: prepared.label.clone(),
        intent: prepared.intent.clone(),
        provider: row.provider.clone(),
        model: row.model.clone(),
        tier: row.tier,
        team: call.key.team.clone(),
        created_ms: now_ms,
        expires_ms: now_ms
            + i64::try_from(prepared.ttl_seconds)
                .unwrap_or(i64::MAX / 2_000)
                .saturating_mul(1_000),
        last_hit_ms: None,
        hits: 0,
        bytes: 0,
        cost_nanousd: row.cost_nanousd,
    }
}

/// Puts an entry into the store and into memory, unless a clear runs meanwhile.
async fn put(engine: &Engine, cached: &Arc<CachedAnswer>, ttl_seconds: u64, journal: &mut Journal) {
    let epoch = engine.clear_epoch.load(Ordering::Acquire);
    if let Err(problem) = engine.store.put_entry(cached.entry.clone()).await {
        engine.store_failed(&format!("an answer could not be kept: {problem}"));
        journal.note("store", "kept in memory only: the cache store failed", &[]);
    } else {
        journal.note("store", format!("kept for {ttl_seconds} s"), &[]);
    }
    engine.memory.put(cached.clone());
    if engine.clear_epoch.load(Ordering::Acquire) != epoch {
        // A clear ran while this entry was being written; it may have missed it, so the entry goes as well.
        engine
            .memory
            .forget(&CacheSelector::Entry(cached.entry.row.key.clone()));
        let _ = engine
            .store
            .clear_entries(&CacheSelector::Entry(cached.entry.row.key.clone()))
            .await;
    }
}
