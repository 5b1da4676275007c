//! Makes vectors anew that another embedder made, a few at a time, beside the calls.

use super::super::{embedder::embed_stored, namespace::Base};
use crate::{
    engine::Engine,
    store::{NewSemanticEntry, SemanticEntry, StoreError},
};

/// Questions that are embedded anew in one go.
const AT_ONCE: u32 = 20;

/// Embeds some questions anew, if there are any from another embedder; they are found again from then on. True when there may
/// be more.
///
/// # Errors
/// The store's.
pub async fn embed_again(engine: &Engine) -> Result<bool, StoreError> {
    let Ok(embedder) = engine.semantic.embedder() else {
        return Ok(false);
    };
    let old = engine.store.questions_of_others(embedder.id(), AT_ONCE).await?;
    let may_be_more = old.len() == AT_ONCE as usize;
    let questions: Vec<String> = old.iter().map(|row| row.entry.question.clone()).collect();
    // When the embedder fails it is tried again later.
    let Some(vectors) = embed_stored(embedder.as_ref(), &questions).await else {
        return Ok(false);
    };
    // One without a direction is stored, so that it is not tried again, and never found.
    for (row, vector) in old.into_iter().zip(vectors) {
        let namespace = Base::from_bytes(row.entry.base).with_embedder(embedder.id());
        let entry = NewSemanticEntry {
            namespace: *namespace.as_bytes(),
            embedder: embedder.id().to_owned(),
            // Numbers of entries change with each writing, so what had the same answer is learned again.
            answer_id: 0,
            vector,
            ..row.entry
        };
        if let Some(id) = engine.store.put_question(entry.clone()).await? {
            engine.semantic.insert(&SemanticEntry { id, entry });
        }
    }
    Ok(may_be_more)
}
