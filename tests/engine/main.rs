//! The request path on its real parts: the engine over SQLite, with a provider that plays what a test asks for.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod balanced;
mod flaky;
mod flights;
mod money;
mod ratios;
mod stage;
mod store_away;
mod streams;
mod tokens;
mod usage;
