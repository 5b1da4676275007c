//! Alert rules: what is watched, what was raised, and the round that looks.

mod caps;
mod delete;
mod facts;
mod history;
mod list;
mod preview;
mod raise;
mod round;
mod save;
mod snooze;

pub use delete::delete;
pub(crate) use delete::forget_snooze;
pub use history::history;
pub use list::list;
pub use preview::preview;
pub use round::round;
pub use save::save;
pub use snooze::snooze;

/// The kind of a rule's configuration item.
pub const KIND: &str = "alert_rule";
