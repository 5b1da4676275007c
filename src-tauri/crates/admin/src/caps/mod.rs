//! Budget caps.

mod delete;
mod list;
mod save;
mod state;

pub use delete::delete;
pub use list::list;
pub use save::save;
pub(crate) use state::read as state_of;

/// The kind of a cap's configuration item.
pub const KIND: &str = "cap";
