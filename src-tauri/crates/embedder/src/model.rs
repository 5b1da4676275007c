//! The model itself: its file checked against a pinned checksum, and one forward pass on one thread.

use crate::tokenizer::Tokenizer;
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names model and number format; vectors of other formats never meet these.
pub const MODEL_ID: &str = "all-MiniLM-L6-v2 int8 1";
/// Length of a vector.
pub const DIMENSIONS: usize = 384;
/// The file, as it lies in the models' folder.
pub const FILE_NAME: &str = "all-minilm-l6-v2-int8.onnx";
/// Checksum of the only file that is loaded.
pub const FILE_SHA256: &str = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6";
/// What the model was trained to read at most, marks of begin and end included.
const MOST_PIECES: usize = 256;

/// Why there is no model, or no vector.
#[derive(Debug, thiserror::Error)]
pub enum BadModel {
    /// Not installed.
    #[error("{path} is not there; `cargo xtask setup` fetches it")]
    Missing { path: PathBuf },
    /// Cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// Another file, or a broken one.
    #[error(
        "{path} has the SHA-256 {got}, not {FILE_SHA256}: it is broken or another model; delete it and run `cargo xtask setup`"
    )]
    Checksum { path: PathBuf, got: String },
    /// The runtime refuses it.
    #[error("the embedding model cannot be run: {0}")]
    Runtime(String),
}

/// The loaded model.
pub struct MiniLm {
    model: Model,
    tokenizer: Tokenizer,
    inputs: Inputs,
    output: NodeId,
    pool: Arc<ThreadPool>,
}

struct Inputs {
    pieces: NodeId,
    mask: NodeId,
    /// Which of two sentences a piece belongs to; always the first here.
    sentence: NodeId,
}

impl MiniLm {
    /// Loads the model from its file.
    ///
    /// # Errors
    /// [`BadModel`] when the file is missing, is not the pinned one, or cannot be run.
    pub fn load(path: &Path) -> Result<MiniLm, BadModel> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => BadModel::Missing {
                path: path.to_owned(),
            },
            _ => BadModel::Unreadable {
                path: path.to_owned(),
                source,
            },
        })?;
        let got: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if got != FILE_SHA256 {
            return Err(BadModel::Checksum {
                path: path.to_owned(),
                got,
            });
        }
        let refused = |error: &dyn std::fmt::Display| BadModel::Runtime(error.to_string());
        // Prepacking lays the weights out for the processor once, which more than halves the time of a short text.
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(bytes).map_err(|error| refused(&error))?;
        let node = |name: &str| model.node_id(name).map_err(|error| refused(&error));
        let inputs = Inputs {
            pieces: node("input_ids")?,
            mask: node("attention_mask")?,
            sentence: node("token_type_ids")?,
        };
        let output = node("last_hidden_state")?;
        Ok(MiniLm {
            model,
            tokenizer: Tokenizer::new(),
            inputs,
            output,
            // One thread: a gateway has many calls at once, and they need the others.
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }

    /// The vector of a text at length 1, and whether the text was longer than the model reads.
    ///
    /// # Errors
    /// [`BadModel::Runtime`].
    pub fn embed(&self, text: &str) -> Result<(Vec<f32>, bool), BadModel> {
        let (pieces, cut) = self.tokenizer.encode(text, MOST_PIECES);
        let count = pieces.len();
        let row = |values: Vec<i32>| ValueOrView::from(NdTensor::from_data([1, count], values));
        let inputs = vec![
            (self.inputs.pieces, row(pieces)),
            (self.inputs.mask, row(vec![1; count])),
            (self.inputs.sentence, row(vec![0; count])),
        ];
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let outputs = self.model.run(inputs, &[self.output], Some(options));
        let refused = |error: &dyn std::fmt::Display| BadModel::Runtime(error.to_string());
        let hidden: Value = outputs
            .map_err(|error| refused(&error))?
            .pop()
            .ok_or_else(|| BadModel::Runtime("it gave no output".to_owned()))?;
        let hidden: NdTensor<f32, 3> = hidden
            .try_into()
            .map_err(|_| BadModel::Runtime("its output has another shape".to_owned()))?;
        Ok((mean(&hidden.to_vec()), cut))
    }
}

/// The mean over all pieces at length 1, as the model was trained.
fn mean(hidden: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; DIMENSIONS];
    for piece in hidden.chunks_exact(DIMENSIONS) {
        for (total, value) in sum.iter_mut().zip(piece) {
            *total += value;
        }
    }
    let length = sum
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    sum.iter_mut().for_each(|value| *value /= length);
    sum
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(MODEL_ID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_says_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let said = MiniLm::load(&folder.path().join(FILE_NAME))
            .unwrap_err()
            .to_string();
        assert!(said.contains("cargo xtask setup"), "{said}");
    }

    #[test]
    fn another_file_is_never_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, b"not a model").unwrap();
        assert!(matches!(MiniLm::load(&path), Err(BadModel::Checksum { .. })));
    }

    #[test]
    fn the_mean_has_length_one() {
        let hidden: Vec<f32> = (0..DIMENSIONS * 3).map(|at| (at % 7) as f32 - 3.0).collect();
        let length: f32 = mean(&hidden).iter().map(|value| value * value).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert!(mean(&[]).iter().all(|value| *value == 0.0));
    }
}
