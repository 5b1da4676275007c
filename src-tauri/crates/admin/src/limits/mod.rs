//! Rate limits.

mod delete;
mod list;
mod save;

pub use delete::delete;
pub use list::list;
pub use save::save;

/// The kind of a limit's configuration item.
pub const KIND: &str = "limit";
