//! The real gateway against the fake provider, from the outside: one file per feature.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is test code")]

mod alerts;
mod cache;
mod cache_entries;
mod cache_isolation;
mod cache_restarts;
mod caps;
mod clock_jumps;
mod configuration;
mod configuration_changes;
mod costs;
#[cfg(target_os = "linux")]
mod disk_full;
mod embedder;
mod endpoints;
mod errors;
mod faults;
mod guard;
mod judge;
mod keys;
mod limits;
mod observability;
mod process;
mod rollouts;
mod routing;
mod search;
mod semantic;
mod semantic_fleet;
mod semantic_learning;
mod single_flight;
mod streams;
mod traces;
mod transfer;
mod wishes;
