//! The vector-search cache: similarity searches over collections that applications fill, each result paid for once.
//!
//! [`fill`] puts items in, [`query`] answers searches, [`key`] says when two searches are the same one, and [`index`] holds
//! vectors in memory, all of which can be read again from the store. Whether a kept result may be used is decided by the
//! store alone: it belongs to one version of its collection, which rises in the transaction of every change, and each
//! search reads both at one moment. So no gateway serves what another has deleted, however late it hears of it.

pub mod again;
pub mod fill;
pub mod index;
pub mod key;
pub mod query;
mod turns;

pub use again::embed_items_again;
pub use fill::{Filled, ItemToAdd, add_items};
pub use index::SearchIndex;
pub use query::{Match, Search, SearchAnswer, search};

use crate::{cache::semantic::embedder::EmbedFailure, store::StoreError};

/// Collections of one team, or of a key of none.
pub const MOST_COLLECTIONS: u32 = 100;
/// Items of one collection.
pub const MOST_ITEMS: i64 = 100_000;
/// Bytes of texts and metadata of one collection.
pub const MOST_TEXT_BYTES: i64 = 256 * 1024 * 1024;
/// Items of one request.
pub const MOST_ITEMS_AT_ONCE: usize = 500;
/// Bytes of one item's text, and of its metadata.
pub const MOST_ITEM_BYTES: usize = 16 * 1024;
/// Bytes of an id, a source or a user.
pub const MOST_NAME_BYTES: usize = 256;
/// Items that a search may ask for.
pub const MOST_MATCHES: u32 = 100;
/// How long a result is reused.
pub const RESULT_MS: i64 = 24 * 3_600_000;
/// Results that are kept of one collection.
pub const MOST_RESULTS: u32 = 10_000;

/// Why a collection cannot be filled or searched, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum SearchProblem {
    /// What was sent is not what it should be.
    #[error("{0}")]
    Bad(String),
    /// There is no such collection.
    #[error("there is no collection \"{0}\"; make it with PUT /v1/collections/{0}")]
    NoCollection(String),
    /// The collection would hold more than it may.
    #[error(
        "the collection would hold more than {} items or {} MiB of text; nothing of this request was kept: delete items, or use a further collection",
        MOST_ITEMS,
        MOST_TEXT_BYTES >> 20
    )]
    Full,
    /// It is too large for this gateway's memory.
    #[error(
        "the collection's vectors need more than the {} MiB that this gateway has for searches; split the collection, or use an embedder of fewer dimensions",
        .0 >> 20
    )]
    TooLarge(usize),
    /// No vector for this text.
    #[error("{what} was not embedded: {failure}")]
    Embed { what: String, failure: EmbedFailure },
    /// There is no embedder.
    #[error("there is no embedder, so nothing can be searched: {0}")]
    NoEmbedder(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the name of a collection.
///
/// # Errors
/// What a name must be.
pub fn check_name(name: &str) -> Result<(), SearchProblem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(SearchProblem::Bad(format!(
            "\"{name}\" cannot be a collection's name: use 1 to 64 letters, digits, \"-\", \"_\" and \".\""
        )));
    }
    Ok(())
}
