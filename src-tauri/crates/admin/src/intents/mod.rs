//! The intents.

mod list;

pub use list::list;
