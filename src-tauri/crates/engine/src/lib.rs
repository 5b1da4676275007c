//! Caching, routing, budgets, limits and rollouts; owns the storage traits. No SQL, no listener, no ambient clock.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")
)]

pub mod alert;
pub mod backup;
pub mod budget;
pub mod cache;
pub mod call;
pub mod change;
pub mod clock;
pub mod engine;
pub mod intent;
pub mod keyring;
pub mod limit;
pub mod metrics;
pub mod passed_headers;
pub mod pipeline;
pub mod price;
pub mod protocol;
pub mod provider;
pub mod request;
pub mod rollout;
pub mod routing;
pub mod scopes;
pub mod search;
pub mod settings;
pub mod spool;
pub mod store;
pub mod trace_parent;
