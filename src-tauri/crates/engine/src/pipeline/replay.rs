//! Answering from the cache: looking up, and playing a kept answer back whole or as a stream.

use super::{
    journal::Journal,
    outcome::{facts_of, write},
};
use crate::{
    cache::entry::{CachedAnswer, KeptAnswer},
    call::{Call, Reply, ReplyBody, StreamItem},
    engine::Engine,
    protocol::{StreamEncoder, encode_answer, replay},
    settings::Settings,
    store::CacheEntry,
};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::mpsc;
use weir_contract::{
    NanoUsd,
    model::{
        cache::CacheSelector,
        request::{CacheOutcome, CostBasis},
    },
};

/// Looks in memory, in the tier that gateways share, then in the database. A cache store that fails is a miss, never an error.
pub(super) async fn look_up(
    engine: &Engine,
    settings: &Settings,
    key: &str,
    journal: &mut Journal,
) -> Option<Arc<CachedAnswer>> {
    let now_ms = engine.clock.now_ms();
    if let Some(cached) = engine.memory.get(key, now_ms, &settings.app_version) {
        journal.note("cache", "found in memory", &[("key", key.to_owned())]);
        return Some(cached);
    }
    // Entries cleared while this one was being read must not come back to memory.
    let epoch = engine.forget_epoch();
    if let Some(cached) = look_up_shared(engine, settings, key, now_ms).await {
        journal.note("cache", "found in Redis", &[("key", key.to_owned())]);
        remember(engine, &cached, epoch);
        return Some(cached);
    }
    let shared = engine
        .shared_cache()
        .and_then(|shared| Some((shared, shared.newest_clear()?)));
    let entry = match engine.store.get_entry(key, now_ms).await {
        Ok(entry) => entry,
        Err(problem) => {
            engine.store_failed(&format!("the response cache could not be read: {problem}"));
            journal.note(
                "cache",
                "the cache store failed; going on without it",
                &[("key", key.to_owned())],
            );
            return None;
        }
    };
    let found = entry.and_then(|entry| decode(settings, entry));
    match &found {
        Some(cached) => {
            journal.note("cache", "found in the database", &[("key", key.to_owned())]);
            if let Some((shared, made_at)) = shared {
                shared.put_entry(cached.entry.clone(), None, made_at);
            }
            remember(engine, cached, epoch);
        }
        None => journal.note("cache", "not found", &[("key", key.to_owned())]),
    }
    found
}

/// Looks in the tier that gateways share, where there is one.
async fn look_up_shared(
    engine: &Engine,
    settings: &Settings,
    key: &str,
    now_ms: i64,
) -> Option<Arc<CachedAnswer>> {
    let entry = engine.shared_cache()?.get_entry(key, now_ms).await?;
    decode(settings, entry)
}

/// None for entries of another version of the application or of Weir.
fn decode(settings: &Settings, entry: CacheEntry) -> Option<Arc<CachedAnswer>> {
    if entry.app_version != settings.app_version {
        return None;
    }
    KeptAnswer::decode(&entry.body).map(|kept| Arc::new(CachedAnswer { entry, kept }))
}

/// Puts an answer that was found into memory, unless something was cleared since `epoch`.
fn remember(engine: &Engine, cached: &Arc<CachedAnswer>, epoch: u64) {
    engine.memory.put(cached.clone());
    // Looked at after the put: a clear between a look before and the put would leave the entry behind.
    if engine.forget_epoch() != epoch {
        let key = cached.entry.row.key.clone();
        engine.memory.forget(&CacheSelector::Entry(key));
    }
}

/// The answer of a flight that landed while this call was on its way to it. Landed answers that may be kept are in memory.
pub(super) fn landed_meanwhile(
    engine: &Engine,
    settings: &Settings,
    key: &str,
    journal: &mut Journal,
) -> Option<Arc<CachedAnswer>> {
    let now_ms = engine.clock.now_ms();
    let cached = engine.memory.get(key, now_ms, &settings.app_version)?;
    journal.note(
        "cache",
        "an identical call was answered meanwhile",
        &[("key", key.to_owned())],
    );
    Some(cached)
}

/// Answers a call from a kept answer and records the hit: cost 0, and what it saved.
pub(super) async fn answer(engine: &Engine, call: &Call, journal: Journal, cached: &CachedAnswer) -> Reply {
    answer_as(CacheOutcome::Response, engine, call, journal, cached).await
}

/// The same with the answer to a question that means the same.
pub(super) async fn answer_similar(
    engine: &Engine,
    call: &Call,
    journal: Journal,
    cached: &CachedAnswer,
) -> Reply {
    answer_as(CacheOutcome::Semantic, engine, call, journal, cached).await
}

async fn answer_as(
    outcome: CacheOutcome,
    engine: &Engine,
    call: &Call,
    mut journal: Journal,
    cached: &CachedAnswer,
) -> Reply {
    let kept_row = &cached.entry.row;
    let row = &mut journal.row;
    row.cache = outcome;
    row.tier = kept_row.tier;
    row.provider.clone_from(&kept_row.provider);
    row.model.clone_from(&kept_row.model);
    row.simulated = engine.is_simulated(&kept_row.provider);
    row.cost_basis = CostBasis::Free;
    row.cost_nanousd = NanoUsd::ZERO;
    row.saved_nanousd = kept_row.cost_nanousd;
    journal.first_byte();
    let body = if call.stream {
        play_stream(engine, call, &cached.kept)
    } else {
        play_whole(engine, call, &cached.kept)
    };
    journal.note(
        "settle",
        format!("costs nothing, saves {}", kept_row.cost_nanousd),
        &[],
    );
    let facts = facts_of(&journal);
    let mut record = journal.close();
    record.hit_key = Some(kept_row.key.clone());
    // The body of a hit is the entry's own; keeping it again for every hit would fill the disk with copies.
    write(engine, call, record, None).await;
    let body = if call.stream {
        ReplyBody::Stream(already_sent(body))
    } else {
        ReplyBody::Whole(body)
    };
    Reply { facts, body }
}

fn play_whole(engine: &Engine, call: &Call, kept: &KeptAnswer) -> Bytes {
    match &kept.raw {
        Some(raw) => Bytes::from(raw.clone()),
        None => {
            let body = encode_answer(
                call.protocol,
                &kept.answer,
                engine.clock.now_ms() / 1_000,
                &kept.answer.model,
            );
            Bytes::from(body.to_string())
        }
    }
}

fn play_stream(engine: &Engine, call: &Call, kept: &KeptAnswer) -> Bytes {
    if let Some(raw) = &kept.raw_stream {
        return Bytes::from(raw.clone());
    }
    let usage_wanted = call.chat.as_deref().is_some_and(|chat| chat.stream_usage);
    let created_s = engine.clock.now_ms() / 1_000;
    let mut encoder = StreamEncoder::new(
        call.protocol,
        &kept.answer.id,
        &kept.answer.model,
        created_s,
        usage_wanted,
    );
    let mut events = Vec::new();
    for delta in replay(&kept.answer) {
        events.extend_from_slice(&encoder.push(&delta));
    }
    events.extend_from_slice(&encoder.finish());
    Bytes::from(events)
}

/// A stream whose events are all there already.
fn already_sent(events: Bytes) -> mpsc::Receiver<StreamItem> {
    let (sender, receiver) = mpsc::channel(1);
    // The channel is new and has room for one.
    let _ = sender.try_send(StreamItem::Last(events));
    receiver
}
