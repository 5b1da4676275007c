//! Faults of providers: when to stop calling one, and when to try again.

pub mod attempt;
pub mod breaker;
pub mod breaker_map;
#[cfg(test)]
mod breaker_model;
pub mod output_limit;
pub mod plan;
pub mod retry;
pub mod retry_budget;
pub mod steer;
