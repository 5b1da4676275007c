//! Recorded requests.

mod get;
mod list;

pub use get::get;
pub use list::list;
