//! Makes vectors of items anew that another embedder made, a few at a time, beside the searches.

use crate::{cache::semantic::embedder::embed_stored, engine::Engine, store::StoreError};

/// Items that are embedded anew in one go.
const AT_ONCE: u32 = 20;

/// Embeds some items anew, if there are any of another embedder; a search finds them from then on. True when there may be more.
///
/// # Errors
/// The store's.
pub async fn embed_items_again(engine: &Engine) -> Result<bool, StoreError> {
    let Ok(embedder) = engine.semantic.embedder() else {
        return Ok(false);
    };
    let (seqs, texts): (Vec<i64>, Vec<String>) = engine
        .store
        .items_of_others(embedder.id(), AT_ONCE)
        .await?
        .into_iter()
        .unzip();
    if texts.is_empty() {
        return Ok(false);
    }
    // When the embedder fails it is tried again later.
    let Some(vectors) = embed_stored(embedder.as_ref(), &texts).await else {
        return Ok(false);
    };
    // One without a direction is stored, so that it is not tried again, and never found.
    for (seq, vector) in seqs.iter().zip(vectors) {
        engine.store.embed_item(*seq, embedder.id(), vector).await?;
    }
    Ok(seqs.len() == AT_ONCE as usize)
}
