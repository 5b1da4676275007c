//! The local model as an embedder of the semantic cache: off the async threads, a few at a time.

use crate::model::{BadModel, MODEL_ID, MiniLm};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use weir_engine::cache::semantic::embedder::{EmbedFailure, Embedder};

/// all-MiniLM-L6-v2 in this process.
#[derive(Debug)]
pub struct LocalEmbedder {
    model: Arc<MiniLm>,
    /// Each pass takes a whole core for some milliseconds; more at once than cores only makes all wait.
    passes: Arc<Semaphore>,
}

impl LocalEmbedder {
    /// Loads the model; `passes` may run at once.
    ///
    /// # Errors
    /// [`BadModel`]; Weir then runs with its exact cache alone.
    pub async fn load(path: PathBuf, passes: usize) -> Result<LocalEmbedder, BadModel> {
        let loading = tokio::task::spawn_blocking(move || MiniLm::load(&path));
        let model = loading
            .await
            .map_err(|error| BadModel::Runtime(error.to_string()))??;
        Ok(LocalEmbedder {
            model: Arc::new(model),
            passes: Arc::new(Semaphore::new(passes.max(1))),
        })
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn id(&self) -> &str {
        MODEL_ID
    }

    async fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedFailure> {
        let failed = |error: &dyn std::fmt::Display| EmbedFailure::Failed(error.to_string());
        // Held by the pass itself, so that callers who leave do not let more run than there are cores.
        let turn = self
            .passes
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| failed(&error))?;
        let (model, text) = (self.model.clone(), text.to_owned());
        let pass = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            model.embed(&text)
        });
        let (vector, cut) = pass
            .await
            .map_err(|error| failed(&error))?
            .map_err(|error| failed(&error))?;
        if cut {
            Err(EmbedFailure::TooLong)
        } else {
            Ok(vector)
        }
    }
}
