//! Puts items into a collection: all of a request, or none.

use super::{
    MOST_ITEM_BYTES, MOST_ITEMS, MOST_ITEMS_AT_ONCE, MOST_NAME_BYTES, MOST_TEXT_BYTES, SearchProblem,
    check_name,
};
use crate::{
    engine::Engine,
    store::{Collection, CollectionBounds, ItemsPut, NewItem},
};
use serde_json::Value;
use std::collections::HashSet;

const BOUNDS: CollectionBounds = CollectionBounds {
    items: MOST_ITEMS,
    text_bytes: MOST_TEXT_BYTES,
};

/// An item as an application gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemToAdd {
    pub id: String,
    pub text: String,
    pub source: String,
    pub user: String,
    pub metadata: Value,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Items that were kept, new ones and replaced ones.
    pub kept: usize,
    pub collection: Collection,
}

/// Embeds items and puts them into a tenant's collection; an item of the same id is replaced.
///
/// # Errors
/// [`SearchProblem`]; nothing is changed then.
pub async fn add_items(
    engine: &Engine,
    tenant: &str,
    name: &str,
    items: Vec<ItemToAdd>,
) -> Result<Filled, SearchProblem> {
    check_name(name)?;
    check(&items)?;
    let collection = find(engine, tenant, name).await?;
    let embedder = engine.semantic.embedder().map_err(SearchProblem::NoEmbedder)?;
    let texts: Vec<String> = items.iter().map(|item| item.text.clone()).collect();
    let vectors = embedder.embed_many(&texts).await;
    let kept = items.len();
    let mut new = Vec::with_capacity(kept);
    for (item, vector) in items.into_iter().zip(vectors) {
        let vector = vector.map_err(|failure| SearchProblem::Embed {
            what: format!("the item \"{}\"", item.id),
            failure,
        })?;
        new.push(NewItem {
            id: item.id,
            text: item.text,
            source: item.source,
            user: item.user,
            metadata: item.metadata.to_string(),
            vector,
        });
    }
    let put = engine
        .store
        .put_items(collection.id, embedder.id(), new, BOUNDS)
        .await?;
    match put {
        ItemsPut::Kept => Ok(Filled {
            kept,
            collection: find(engine, tenant, name).await?,
        }),
        ItemsPut::Missing => Err(SearchProblem::NoCollection(name.to_owned())),
        ItemsPut::Full => Err(SearchProblem::Full),
    }
}

/// A tenant's collection.
///
/// # Errors
/// [`SearchProblem::NoCollection`] and the store's.
pub async fn find(engine: &Engine, tenant: &str, name: &str) -> Result<Collection, SearchProblem> {
    check_name(name)?;
    // No result has this key: it is no hash of anything.
    let found = engine
        .store
        .look_up(tenant, name, &[0; 32], engine.clock.now_ms())
        .await?;
    found
        .map(|(collection, _)| collection)
        .ok_or_else(|| SearchProblem::NoCollection(name.to_owned()))
}

fn check(items: &[ItemToAdd]) -> Result<(), SearchProblem> {
    let bad = |what: String| Err(SearchProblem::Bad(what));
    if items.is_empty() || items.len() > MOST_ITEMS_AT_ONCE {
        return bad(format!(
            "\"items\" holds {}; send 1 to {MOST_ITEMS_AT_ONCE} at once",
            items.len()
        ));
    }
    let mut ids = HashSet::new();
    for item in items {
        let id = &item.id;
        if id.is_empty()
            || [id, &item.source, &item.user]
                .iter()
                .any(|text| text.len() > MOST_NAME_BYTES)
        {
            return bad(format!(
                "the item \"{}\": \"id\" must not be empty, and \"id\", \"source\" and \"user\" are at most {MOST_NAME_BYTES} bytes each",
                id.chars().take(80).collect::<String>()
            ));
        }
        if item.text.trim().is_empty() || item.text.len() > MOST_ITEM_BYTES {
            return bad(format!(
                "the item \"{id}\": \"text\" must be 1 to {MOST_ITEM_BYTES} bytes and not blank; split longer ones into several items"
            ));
        }
        if item.metadata.to_string().len() > MOST_ITEM_BYTES {
            return bad(format!(
                "the item \"{id}\": \"metadata\" is longer than {MOST_ITEM_BYTES} bytes; keep there only what a search must give back"
            ));
        }
        if !ids.insert(id) {
            return bad(format!(
                "the item \"{id}\" comes twice in this request; send it once"
            ));
        }
    }
    Ok(())
}
