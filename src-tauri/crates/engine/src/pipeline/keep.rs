//! Keeping a bought answer for the calls that come after it.

use super::{
    journal::Journal,
    outcome::FlightEnd,
    prepare::{Prepared, tenant_of},
};
use crate::{
    cache::{
        entry::{CachedAnswer, KeptAnswer, reason_not_to_keep},
        shared::EntryMarks,
    },
    call::Call,
    engine::{ClearsKnown, Engine, Marks},
    settings::Settings,
    store::CacheEntry,
};
use std::sync::Arc;
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
    clears_known: ClearsKnown,
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
            tenant: tenant_of(&call.key),
            body: Vec::new(),
        };
        return Keeping {
            end: FlightEnd::Answered(Arc::new(CachedAnswer { entry, kept })),
            to_store: None,
            clears_known: journal.clears_known,
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
        tenant: tenant_of(&call.key),
        body,
    };
    let cached = Arc::new(CachedAnswer { entry, kept });
    journal.note("store", format!("to be kept for {} s", prepared.ttl_seconds), &[]);
    Keeping {
        end: FlightEnd::Answered(cached.clone()),
        to_store: Some(cached),
        clears_known: journal.clears_known,
    }
}

impl Keeping {
    /// Key and expiry of the answer, where it is kept.
    pub(super) fn stored_as(&self) -> Option<(String, i64)> {
        let row = &self.to_store.as_ref()?.entry.row;
        Some((row.key.clone(), row.expires_ms))
    }

    /// Puts the answer into the store and into memory, where it may be kept. When the store fails it is kept in memory only.
    pub(super) async fn store(&self, engine: &Engine, call: &Call) {
        if let Some(cached) = &self.to_store {
            put(engine, cached, call, self.clears_known).await;
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

/// Puts an entry into the store and into memory, unless what it may have been made from was cleared since its call began.
async fn put(engine: &Engine, cached: &Arc<CachedAnswer>, call: &Call, known: ClearsKnown) {
    let mut shared = engine
        .shared_cache()
        .and_then(|shared| Some((shared, shared.newest_clear()?)));
    if let Err(problem) = engine.store.put_entry(cached.entry.clone()).await {
        engine.store_failed(&format!("an answer could not be kept: {problem}"));
        // Only what the database holds can be cleared there, and so for all.
        shared = None;
    }
    let (key, wishes) = (&cached.entry.row.key, &call.wishes);
    if !(wishes.user.is_empty() && wishes.sources.is_empty())
        && let Err(problem) = engine.store.mark_entry(key, &wishes.user, &wishes.sources).await
    {
        engine.store_failed(&format!(
            "an answer could not be marked with its sources: {problem}"
        ));
    }
    let marks = Marks {
        sources: &wishes.sources,
        user: &wishes.user,
    };
    let entry = CacheSelector::Entry(key.clone());
    let epoch = engine.forget_epoch();
    if engine.was_cleared(known, cached, marks).await {
        let _ = engine.store.clear_entries(&entry, None).await;
        return;
    }
    engine.memory.put(cached.clone());
    if engine.forget_epoch() != epoch {
        // A clear that ran since the look took it from the store, and memory may have been emptied before it came in.
        engine.memory.forget(&entry);
    } else if let Some((shared, made_at)) = shared {
        let marks = EntryMarks {
            user: wishes.user.clone(),
            sources: wishes.sources.clone(),
        };
        // Without a mark the database keeps those that an earlier answer under this key had.
        let marks = (marks != EntryMarks::default()).then_some(marks);
        shared.put_entry(cached.entry.clone(), marks, made_at);
    }
}
