//! The ladder of tiers.

mod list;

pub use list::list;
