//! The overview's figures and what needs an admin.

mod attention;
mod get;
mod totals;

pub use get::get;
