//! One search: the kept result where nothing has changed since, else a search that is kept.

use super::{
    MOST_MATCHES, MOST_RESULTS, RESULT_MS, SearchProblem, check_name,
    index::Found,
    key::{normalised, result_key},
};
use crate::{
    cache::{flight::Seat, semantic::embedder::Embedder},
    engine::Engine,
    store::{Collection, NewResult, StoreError, StoredItem},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

/// How often it is tried again when items are deleted between their finding and their reading.
const TRIES: u32 = 3;

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub collection: String,
    pub query: String,
    /// Most matches.
    pub most: u32,
    /// Least cosine of a match, -1 to 1.
    pub threshold: f32,
}

/// An item that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub id: String,
    pub text: String,
    pub source: String,
    pub metadata: Value,
    /// Cosine of the angle between the two.
    pub similarity: f32,
}

/// What a search gives.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchAnswer {
    /// True when nothing was embedded for it.
    pub is_hit: bool,
    /// Nearest first.
    pub matches: Vec<Match>,
    /// Items of the collection, and those of them that this embedder has embedded.
    pub items: i64,
    pub searched: i64,
    pub version: i64,
}

/// A result as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    searched: i64,
    /// Numbers of items with their similarities.
    near: Vec<(i64, f32)>,
}

/// A search with what it depends on.
struct Asked<'a> {
    tenant: &'a str,
    search: &'a Search,
    /// As it is embedded.
    query: String,
    embedder: Arc<dyn Embedder>,
    key: [u8; 32],
}

/// Searches a tenant's collection.
///
/// # Errors
/// [`SearchProblem`].
pub async fn search(engine: &Engine, tenant: &str, search: &Search) -> Result<SearchAnswer, SearchProblem> {
    let query = checked(search)?;
    let embedder = engine.semantic.embedder().map_err(SearchProblem::NoEmbedder)?;
    let (name, most, threshold) = (&search.collection, search.most, search.threshold);
    let key = result_key(tenant, name, embedder.id(), &query, most, threshold);
    let asked = Asked {
        tenant,
        search,
        query,
        embedder,
        key,
    };
    let (_, kept) = reuse(engine, &asked).await?;
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let leader = match engine.search.flights.join(&name) {
        Seat::Leader(leader) => Some(leader),
        Seat::Follower(follower) => {
            // Whatever came of it is looked for below; who finds nothing searches without waiting for anybody again.
            follower.wait().await;
            None
        }
    };
    let found = find(engine, &asked).await;
    drop(leader);
    found
}

/// Looks once more, then searches and keeps the result; again when items vanish meanwhile.
async fn find(engine: &Engine, asked: &Asked<'_>) -> Result<SearchAnswer, SearchProblem> {
    let mut vector = None;
    for _ in 0..TRIES {
        let (collection, kept) = reuse(engine, asked).await?;
        if let Some(kept) = kept {
            return Ok(kept);
        }
        if vector.is_none() {
            let failed = |failure| SearchProblem::Embed {
                what: "the query".to_owned(),
                failure,
            };
            vector = Some(asked.embedder.embed(&asked.query).await.map_err(failed)?);
        }
        let of = (collection.id, collection.version);
        let vector = vector.as_deref().unwrap_or_default();
        let wanted = (asked.search.most, asked.search.threshold);
        let store = engine.store.as_ref();
        let found = engine
            .search
            .search(store, of, asked.embedder.id(), vector, wanted)
            .await?;
        // Gone meanwhile, perhaps to be made anew.
        let Some(found) = found else { continue };
        let kept = Kept::of(&found);
        let Some(matches) = matches_of(engine, &kept).await? else {
            continue;
        };
        let result = NewResult {
            collection_id: collection.id,
            version: found.version,
            key: asked.key,
            found: serde_json::to_string(&kept).unwrap_or_default(),
            expires_ms: engine.clock.now_ms() + RESULT_MS,
        };
        // One that the collection has overtaken is not kept; it was right when it was found.
        store.keep_result(result, MOST_RESULTS).await?;
        engine.counters.search_misses.fetch_add(1, Ordering::Relaxed);
        return Ok(SearchAnswer {
            is_hit: false,
            matches,
            items: collection.items,
            searched: kept.searched,
            version: found.version,
        });
    }
    Err(SearchProblem::Store(StoreError::Unavailable(
        "the collection changes all the time; repeat the search in a moment".to_owned(),
    )))
}

/// The collection, and the answer of the result that is kept of it as it is now.
async fn reuse(
    engine: &Engine,
    asked: &Asked<'_>,
) -> Result<(Collection, Option<SearchAnswer>), SearchProblem> {
    let name = &asked.search.collection;
    let now_ms = engine.clock.now_ms();
    let found = engine
        .store
        .look_up(asked.tenant, name, &asked.key, now_ms)
        .await?;
    let (collection, kept) = found.ok_or_else(|| SearchProblem::NoCollection(name.clone()))?;
    let kept = kept.and_then(|kept| serde_json::from_str::<Kept>(&kept).ok());
    let Some(kept) = kept else {
        return Ok((collection, None));
    };
    // Where items were deleted since, the next look finds the new version.
    let answer = matches_of(engine, &kept).await?.map(|matches| SearchAnswer {
        is_hit: true,
        matches,
        items: collection.items,
        searched: kept.searched,
        version: collection.version,
    });
    if answer.is_some() {
        engine.counters.search_hits.fetch_add(1, Ordering::Relaxed);
    }
    Ok((collection, answer))
}

/// The query as it is embedded.
fn checked(search: &Search) -> Result<String, SearchProblem> {
    check_name(&search.collection)?;
    let bad = |what: String| Err(SearchProblem::Bad(what));
    if search.most == 0 || search.most > MOST_MATCHES {
        return bad(format!(
            "\"k\" is {}; it must be 1 to {MOST_MATCHES}",
            search.most
        ));
    }
    if !(-1.0..=1.0).contains(&search.threshold) {
        return bad(format!(
            "\"threshold\" is {}; it is the least similarity of a match, from -1 to 1",
            search.threshold
        ));
    }
    let query = normalised(&search.query);
    if query.is_empty() {
        return bad("\"query\" is empty; give the text to search for".to_owned());
    }
    Ok(query)
}

impl Kept {
    fn of(found: &Found) -> Kept {
        let near = found.near.iter();
        let near = near.filter_map(|near| Some((i64::try_from(near.entry).ok()?, near.similarity)));
        Kept {
            searched: found.embedded,
            near: near.collect(),
        }
    }
}

/// The items of a result; none when one of them is gone.
async fn matches_of(engine: &Engine, kept: &Kept) -> Result<Option<Vec<Match>>, SearchProblem> {
    let seqs: Vec<i64> = kept.near.iter().map(|(seq, _)| *seq).collect();
    if seqs.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let items = engine.store.items_at(&seqs).await?;
    let mut items: HashMap<i64, StoredItem> = items.into_iter().map(|item| (item.seq, item)).collect();
    let matches = kept.near.iter().map(|(seq, similarity)| {
        let item = items.remove(seq)?;
        Some(Match {
            id: item.id,
            text: item.text,
            source: item.source,
            metadata: serde_json::from_str(&item.metadata).unwrap_or(Value::Null),
            similarity: *similarity,
        })
    });
    Ok(matches.collect())
}
