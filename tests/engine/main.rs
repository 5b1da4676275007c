//! The request path on its real parts: the engine over SQLite, with a provider that plays what a test asks for.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that unwraps nothing has failed, and one that draws prints its seed"
)]

mod balanced;
mod flaky;
mod flaky_collections;
mod flights;
mod money;
mod ratios;
mod stage;
mod store_away;
mod streams;
mod tokens;
mod usage;
