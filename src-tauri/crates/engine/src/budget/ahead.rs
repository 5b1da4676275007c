//! Looking ahead: what a month will come to at its present pace, and how far that lowers the ladder before the cap is
//! reached.

mod forecast;
#[cfg(test)]
mod model;
mod outlooks;

pub use forecast::{Outlook, forecast_nanousd, next_tiers_down, replay, whole_hours};
pub use outlooks::{Outlooks, dimension_of, spent_by_hour};
