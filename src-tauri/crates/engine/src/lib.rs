//! Caching, routing, budgets, limits and rollouts; owns the storage traits. No SQL, no listener, no ambient clock.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")
)]

pub mod budget;
pub mod clock;
pub mod limit;
pub mod metrics;
pub mod price;
pub mod provider;
pub mod request;
pub mod rollout;
pub mod routing;
pub mod store;
