//! The response cache: figures with verdicts, entries, clearing.

mod clear;
mod clear_preview;
mod clears;
mod end_clear;
mod list;
mod purge_clear;
mod selector;
mod stats;
mod undo_clear;
mod verdict;

pub use clear::clear;
pub use clear_preview::clear_preview;
pub use clears::clears;
pub use list::list;
pub use purge_clear::purge_clear;
pub use stats::stats;
pub use undo_clear::undo_clear;
