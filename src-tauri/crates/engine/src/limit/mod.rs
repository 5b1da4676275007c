//! Rate limits, literal: at most N in any window.

pub mod limiter;
pub mod window;
