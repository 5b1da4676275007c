//! Rollouts.

mod delete;
mod list;
mod save;
mod share;

pub use delete::delete;
pub use list::list;
pub use save::save;

/// The kind of a rollout's configuration item.
pub const KIND: &str = "rollout";
