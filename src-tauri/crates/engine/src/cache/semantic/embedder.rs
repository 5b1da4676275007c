//! Turns questions into vectors: a local model, or any provider of embeddings.

use async_trait::async_trait;
use futures::StreamExt;

/// Texts that wait for their vectors at the same time.
const AT_ONCE: usize = 4;

/// What makes vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Names the model with its version and number format. Vectors of different names never meet: it is part of the namespace.
    fn id(&self) -> &str;
    /// The vector of a text, at length 1.
    ///
    /// # Errors
    /// [`EmbedFailure`]; the call then goes on as if nothing similar were stored.
    async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedFailure>;
    /// What went wrong last, in words, while it goes wrong.
    fn problem(&self) -> Option<String> {
        None
    }
    /// The vectors of several texts, in their order.
    async fn embed_many(&self, texts: &[String]) -> Vec<Result<Vec<f32>, EmbedFailure>> {
        let one_by_one: Vec<_> = texts.iter().map(|text| self.embed(text)).collect();
        futures::stream::iter(one_by_one)
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

/// Why there is no vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedFailure {
    /// The model reads only its beginning, and the rest may make the difference.
    #[error("the question is longer than the embedding model reads, so only the exact cache can serve it")]
    TooLong,
    /// It does not take this text, now or later.
    #[error("the embedder does not take this text: {0}")]
    Refused(String),
    /// The model's file is not there.
    #[error("the embedding model is not installed: {0}; exact caching goes on")]
    Missing(String),
    /// The model or its provider failed.
    #[error("the embedder failed: {0}; exact caching goes on")]
    Failed(String),
}

/// A text that every embedder takes.
const PLAIN: &str = "text";

/// Vectors of stored texts, in their order; empty for a text that the embedder does not take, now or later. None when it
/// fails, of which nothing follows for the texts.
pub async fn embed_stored(embedder: &dyn Embedder, texts: &[String]) -> Option<Vec<Vec<f32>>> {
    let mut vectors = Vec::with_capacity(texts.len());
    let mut takes_others = false;
    for outcome in embedder.embed_many(texts).await {
        let vector = match outcome {
            Ok(vector) => vector,
            Err(EmbedFailure::TooLong) => Vec::new(),
            Err(EmbedFailure::Refused(_)) => {
                // For its own sake, or because everything is refused now, as of a closed account?
                if !takes_others && embedder.embed(PLAIN).await.is_err() {
                    return None;
                }
                takes_others = true;
                Vec::new()
            }
            Err(_) => return None,
        };
        vectors.push(vector);
    }
    Some(vectors)
}
