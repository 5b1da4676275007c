//! The real gateway against the fake provider, from the outside: one file per feature.
#![allow(clippy::unwrap_used, reason = "this is test code")]

mod alerts;
mod cache;
mod cache_isolation;
mod cache_restarts;
mod caps;
mod clock_jumps;
mod configuration;
mod costs;
mod endpoints;
mod errors;
mod faults;
mod guard;
mod keys;
mod limits;
mod observability;
mod process;
mod rollouts;
mod routing;
mod single_flight;
mod streams;
mod wishes;
