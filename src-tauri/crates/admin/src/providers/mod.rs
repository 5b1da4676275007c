//! Providers: which there are, and how they are reached.

mod base_url;
mod key_binding;
mod list;
mod save;
mod set_default;
mod test;

pub use list::list;
pub(crate) use list::states_of;
pub use save::save;
pub use set_default::{DEFAULT_PROVIDER_SETTING, set_default};
pub use test::test;

/// The kind of a provider's configuration item.
pub const KIND: &str = "provider";
/// The kind of a setting's configuration item.
pub const SETTING_KIND: &str = "setting";
