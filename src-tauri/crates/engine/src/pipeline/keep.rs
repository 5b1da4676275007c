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

/// What becomes of a bought answer.
pub(super) struct Keeping {
    /// What the flight ends with.
    pub(super) end: FlightEnd,
    /// The answer, where it may be kept.
    to_store: Option<Arc<CachedAnswer>>,
}

/// Decides whether an answer is kept, and what the flight ends with. It is kept only by [`Keeping::store`], which may run beside
/// the writing of the request, so that both are in one commit.
pub(super) fn keep(
    engine: &Engine,
    settings: &Settings,
    call: &Call,
    prepared: &Prepared,
    journal: &mut Journal,
    kept: KeptAnswer,
) -> Keeping {
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
        return Keeping {
            end: FlightEnd::Answered(Arc::new(CachedAnswer { entry, kept })),
            to_store: None,
        };
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
    journal.note("store", format!("to be kept for {} s", prepared.ttl_seconds), &[]);
    Keeping {
        end: FlightEnd::Answered(cached.clone()),
        to_store: Some(cached),
    }
}

impl Keeping {
    /// Puts the answer into the store and into memory, where it may be kept. When the store fails it is kept in memory only.
    pub(super) async fn store(&self, engine: &Engine) {
        if let Some(cached) = &self.to_store {
            put(engine, cached).await;
        }
    }
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
async fn put(engine: &Engine, cached: &Arc<CachedAnswer>) {
    let epoch = engine.clear_epoch.load(Ordering::Acquire);
    if let Err(problem) = engine.store.put_entry(cached.entry.clone()).await {
        engine.store_failed(&format!("an answer could not be kept: {problem}"));
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
