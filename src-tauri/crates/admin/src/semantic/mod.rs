//! The semantic cache: its state, the rule of each intent, the threshold curve, the pairs it judged, a person's word on them.

mod allow;
mod curve;
mod feedback;
mod get;
mod never;
mod pairs;
mod save;

pub use allow::allow;
pub use curve::curve;
pub use feedback::feedback;
pub use get::get;
pub use never::never;
pub use pairs::pairs;
pub use save::save;

/// Kind of the configuration items.
const KIND: &str = "semantic";
