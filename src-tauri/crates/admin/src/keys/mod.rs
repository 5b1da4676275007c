//! Virtual keys. Secrets are in one reply and nowhere else: not in the database, not in a log.

mod create;
mod list;
mod revoke;

pub use create::{ID_LENGTH, KEY_PREFIX, SECRET_LENGTH, create};
pub use list::list;
pub use revoke::revoke;
