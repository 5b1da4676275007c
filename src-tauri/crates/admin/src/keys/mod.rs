//! Virtual keys. Secrets are in one reply and nowhere else: not in the database, not in a log.

mod create;
mod end_overlap;
mod list;
mod revoke;
mod rotate;
mod rules;
mod update;

pub(crate) use create::random_id;
pub use create::{ID_LENGTH, KEY_PREFIX, SECRET_LENGTH, create};
pub use end_overlap::end_overlap;
pub use list::list;
pub use revoke::revoke;
pub use rotate::rotate;
pub use update::update;
