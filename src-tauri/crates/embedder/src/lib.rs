//! The local embedding model: all-MiniLM-L6-v2 in this process, for the semantic cache. It reads one file and opens no connection.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")
)]

mod local;
mod model;
mod tokenizer;

pub use local::LocalEmbedder;
pub use model::{BadModel, DIMENSIONS, FILE_NAME, FILE_SHA256, MODEL_ID, MiniLm};
pub use tokenizer::Tokenizer;
