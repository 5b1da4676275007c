//! Caching, routing, budgets, limits and rollouts. No HTTP server, no SQL, no window.

pub mod protocol;
pub mod provider;
pub mod request;
pub mod store;
