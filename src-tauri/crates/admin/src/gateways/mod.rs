//! Gateways that share the database.

mod list;

pub use list::list;
