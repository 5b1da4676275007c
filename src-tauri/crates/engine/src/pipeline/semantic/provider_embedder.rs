//! An embedder behind a provider: any that speaks OpenAI's `/v1/embeddings`, or Gemini.
//!
//! It buys through the pipeline, so the key, retries, breakers, caps and the ledger are those of every other call.

use crate::{
    cache::semantic::embedder::{EmbedFailure, Embedder},
    call::RefusalCode,
    engine::Engine,
    pipeline::own::{OwnCall, buy_own},
    request::ClientProtocol,
    routing::plan::Target,
    settings::ModelRef,
    store::EMBED_EVENT,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Texts of one call; Gemini takes a hundred.
const AT_ONCE: usize = 64;

/// A provider's embedding model.
pub struct ProviderEmbedder {
    /// Shared with calls under way: who does not wait for one any longer shall still know how it ended.
    inner: Arc<Inner>,
}

struct Inner {
    /// The engine holds its embedder, so not the other way round.
    engine: Weak<Engine>,
    model: ModelRef,
    dims: Option<u32>,
    timeout: Duration,
    id: String,
    /// Where the provider was when the id was made.
    base_url: String,
    /// Length of all vectors; 0 until the first.
    width: AtomicUsize,
    problem: Mutex<Option<String>>,
}

impl ProviderEmbedder {
    /// An embedder of this model. `dims` asks the provider for shorter vectors.
    ///
    /// # Errors
    /// In words, when the provider is not configured.
    pub fn new(
        engine: &Arc<Engine>,
        model: ModelRef,
        dims: Option<u32>,
        timeout: Duration,
    ) -> Result<ProviderEmbedder, String> {
        let settings = engine.settings();
        let Some(provider) = settings.providers.get(&model.provider) else {
            return Err(format!(
                "the embedder's provider \"{}\" is not configured; add it, and restart Weir",
                model.provider
            ));
        };
        let base_url = provider.config.base_url.clone();
        // Another address may be another model of the same name.
        let id = match dims {
            Some(dims) => format!("{model} at {base_url}, {dims} dimensions"),
            None => format!("{model} at {base_url}"),
        };
        let inner = Inner {
            engine: Arc::downgrade(engine),
            model,
            dims,
            timeout,
            id,
            base_url,
            width: AtomicUsize::new(0),
            problem: Mutex::default(),
        };
        Ok(ProviderEmbedder {
            inner: Arc::new(inner),
        })
    }
}

impl Inner {
    /// The vectors of a few texts, in one call.
    async fn ask(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedFailure> {
        let failed = |what: &str| EmbedFailure::Failed(what.to_owned());
        let engine = self.engine.upgrade().ok_or_else(|| failed("Weir is stopping"))?;
        let settings = engine.settings();
        let provider = settings.providers.get(&self.model.provider);
        if provider.is_some_and(|provider| provider.config.base_url != self.base_url) {
            return Err(failed(
                "its provider has another address since Weir started; restart Weir to embed everything anew there",
            ));
        }
        let mut body = json!({"model": self.model.to_string(), "input": texts, "encoding_format": "float"});
        if let Some(dims) = self.dims {
            body["dimensions"] = json!(dims);
        }
        let own = OwnCall {
            protocol: ClientProtocol::Embeddings,
            body,
            target: Target::Named(self.model.clone()),
            event: EMBED_EVENT,
            why: format!(
                "an embedding of {} for the semantic cache or a search",
                texts.len()
            ),
            most_tokens: None,
        };
        let bought = tokio::time::timeout(self.timeout, buy_own(&engine, own))
            .await
            .map_err(|_| failed(&format!("no answer within {} s", self.timeout.as_secs())))?;
        let answer = bought.map_err(|refusal| match refusal.code {
            // Said of this text, whatever it is; the next may do.
            RefusalCode::BadRequest => EmbedFailure::Refused(refusal.message),
            _ => EmbedFailure::Failed(refusal.message),
        })?;
        let body: Value = serde_json::from_slice(&answer).map_err(|_| failed("its answer is no JSON"))?;
        let vectors = read_vectors(&body, texts.len()).map_err(EmbedFailure::Failed)?;
        vectors
            .into_iter()
            .map(|vector| self.checked(vector).map_err(EmbedFailure::Failed))
            .collect()
    }

    /// The vector at length 1, if it is as long as all others.
    fn checked(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
        let wanted = match self.dims {
            Some(dims) => dims as usize,
            None => match self
                .width
                .compare_exchange(0, vector.len(), Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => vector.len(),
                Err(first) => first,
            },
        };
        if vector.len() != wanted {
            return Err(format!(
                "it gave a vector of {} dimensions where {wanted} were expected; set embedder.dims to what the model can give",
                vector.len()
            ));
        }
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !(length.is_finite() && length > f32::MIN_POSITIVE) {
            return Err("it gave a vector without direction".to_owned());
        }
        vector.iter_mut().for_each(|value| *value /= length);
        Ok(vector)
    }

    /// Remembers how the last call ended, for the window.
    fn remember(&self, outcome: Option<&EmbedFailure>) {
        let said = match outcome {
            None | Some(EmbedFailure::TooLong | EmbedFailure::Refused(_)) => None,
            Some(failure) => Some(failure.to_string()),
        };
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_some() && problem.is_none() {
            tracing::warn!(
                problem = said.as_deref(),
                embedder = self.id,
                "no similarity is asked while this lasts"
            );
        }
        *problem = said;
    }

    /// The vectors of texts, in as few calls as may be.
    async fn ask_all(&self, texts: &[String]) -> Vec<Result<Vec<f32>, EmbedFailure>> {
        let mut all = Vec::with_capacity(texts.len());
        for some in texts.chunks(AT_ONCE) {
            let outcome = self.ask(some).await;
            self.remember(outcome.as_ref().err());
            match outcome {
                Ok(vectors) => all.extend(vectors.into_iter().map(Ok)),
                // One text may have spoilt it for all.
                Err(EmbedFailure::Refused(_)) if some.len() > 1 => {
                    for text in some {
                        let one = self.ask(std::slice::from_ref(text)).await;
                        self.remember(one.as_ref().err());
                        all.push(one.and_then(|mut vectors| vectors.pop().ok_or_else(no_vector)));
                    }
                }
                Err(failure) => all.extend(some.iter().map(|_| Err(failure.clone()))),
            }
        }
        all
    }
}

fn no_vector() -> EmbedFailure {
    EmbedFailure::Failed("it gave no vector".to_owned())
}

#[async_trait]
impl Embedder for ProviderEmbedder {
    fn id(&self) -> &str {
        &self.inner.id
    }

    async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedFailure> {
        let mut vectors = self.embed_many(&[text.to_owned()]).await;
        vectors.pop().unwrap_or_else(|| Err(no_vector()))
    }

    async fn embed_many(&self, texts: &[String]) -> Vec<Result<Vec<f32>, EmbedFailure>> {
        let (inner, wanted) = (self.inner.clone(), texts.to_vec());
        let asking = tokio::spawn(async move { inner.ask_all(&wanted).await });
        asking.await.unwrap_or_else(|_| {
            let stopping = EmbedFailure::Failed("Weir is stopping".to_owned());
            texts.iter().map(|_| Err(stopping.clone())).collect()
        })
    }

    fn problem(&self) -> Option<String> {
        let problem = self.inner.problem.lock();
        problem.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The vectors of an embeddings answer, in the order of their texts.
fn read_vectors(body: &Value, count: usize) -> Result<Vec<Vec<f32>>, String> {
    let items = body.get("data").and_then(Value::as_array);
    let items = items.ok_or("its answer has no `data`")?;
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; count];
    for (at, item) in items.iter().enumerate() {
        let index = item.get("index").and_then(Value::as_u64);
        let index = index.and_then(|index| usize::try_from(index).ok()).unwrap_or(at);
        let numbers = item.get("embedding").and_then(Value::as_array);
        let vector = numbers.and_then(|numbers| numbers.iter().map(number).collect());
        if let Some(place) = vectors.get_mut(index) {
            *place = vector;
        }
    }
    let whole: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
    whole.ok_or_else(|| format!("its answer does not hold a vector for each of {count} texts"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "vectors are 32-bit floats written as decimals"
)]
fn number(value: &Value) -> Option<f32> {
    value.as_f64().map(|value| value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read_by_their_index_and_none_may_be_missing() {
        let item = |index: usize, x: f64| json!({"index": index, "embedding": [x, 1]});
        let body = json!({"data": [item(1, 0.5), item(0, 0.25)]});
        assert_eq!(read_vectors(&body, 2), Ok(vec![vec![0.25, 1.0], vec![0.5, 1.0]]));
        assert!(read_vectors(&body, 3).is_err());
        for wrong in [
            json!({}),
            json!({"data": []}),
            json!({"data": [{"index": 0, "embedding": "AAAA"}]}),
            json!({"data": [{"index": 7, "embedding": [1]}]}),
        ] {
            assert!(read_vectors(&wrong, 1).is_err(), "{wrong}");
        }
    }
}
