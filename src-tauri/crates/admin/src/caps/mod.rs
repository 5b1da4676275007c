//! Budget caps.

mod delete;
mod list;
mod save;
mod simulate;
mod state;
mod trips;

pub use delete::delete;
pub use list::list;
pub(crate) use list::states_of;
pub use save::save;
pub use simulate::simulate;
pub(crate) use state::read as state_of;

/// The kind of a cap's configuration item.
pub const KIND: &str = "cap";
