//! The four charts.

mod get;
mod series;

pub use get::get;
