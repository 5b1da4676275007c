//! The overview's figures and what needs an admin.

mod attention;
mod attention_caps;
mod clock_jump;
mod get;
mod totals;

pub use get::get;
