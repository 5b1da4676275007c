//! Caching, routing, budgets, limits and rollouts; owns the storage traits. No SQL, no listener, no ambient clock.

pub mod budget;
pub mod clock;
pub mod metrics;
pub mod price;
pub mod rollout;
pub mod routing;
