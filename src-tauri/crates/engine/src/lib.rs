//! Caching, routing, budgets, limits and rollouts; owns the storage traits. No SQL, no ambient clock.

pub mod intent;
