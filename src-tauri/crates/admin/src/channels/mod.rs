//! Where alerts go.

mod binding;
mod delete;
mod list;
mod save;
mod standing;
mod test;

pub use delete::delete;
pub use list::list;
pub use save::save;
pub use standing::standing;
pub use test::test;

/// The kind of a channel's configuration item.
pub const KIND: &str = "alert_channel";
