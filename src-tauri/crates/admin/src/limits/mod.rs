//! Rate limits.

mod delete;
mod list;
mod save;
mod simulate;

pub use delete::delete;
pub use list::list;
pub use save::save;
pub use simulate::simulate;

/// The kind of a limit's configuration item.
pub const KIND: &str = "limit";
