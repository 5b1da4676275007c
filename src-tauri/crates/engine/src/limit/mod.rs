//! Rate limits, literal: at most N in any window.

pub mod headers;
pub mod limiter;
#[cfg(test)]
mod limiter_model;
pub mod own_limit;
pub mod window;
#[cfg(test)]
mod window_model;
