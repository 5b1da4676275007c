//! Recorded requests.

mod get;
mod list;
mod spans;

pub use get::get;
pub use list::list;
