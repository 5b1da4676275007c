//! The overview's figures and what needs an admin.

mod attention;
mod clock_jump;
mod get;
mod totals;

pub use get::get;
