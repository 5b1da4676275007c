//! Caching, routing, budgets, limits and rollouts. No HTTP server, no SQL, no window.
#![allow(
    clippy::result_large_err,
    reason = "an upstream failure carries the provider's words and what was charged; failures are rare and moved once"
)]

pub mod protocol;
pub mod provider;
pub mod request;
pub mod store;
