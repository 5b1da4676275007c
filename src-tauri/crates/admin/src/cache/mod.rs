//! The response cache: figures with verdicts, entries, clearing.

mod clear;
mod clear_preview;
mod list;
mod selector;
mod stats;
mod verdict;

pub use clear::clear;
pub use clear_preview::clear_preview;
pub use list::list;
pub use stats::stats;
