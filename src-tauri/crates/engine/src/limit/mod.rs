//! Rate limits, literal: at most N in any window, over all gateways on one store.
//!
//! [`account`] is the store's side and [`books`] a gateway's, both pure; [`limiter`] puts the store behind the books.

pub mod account;
pub mod books;
#[cfg(test)]
mod books_model;
#[cfg(test)]
mod books_world;
pub mod headers;
pub mod limiter;
pub mod replay_log;
pub mod simulate;
pub mod subject;
pub mod window;
#[cfg(test)]
mod window_model;
