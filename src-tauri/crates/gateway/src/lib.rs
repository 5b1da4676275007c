//! Weir's gateway: configuration, HTTP, and the composition root that the headless binary and the window share.

pub mod alerts;
pub mod bootstrap;
pub mod config;
mod housekeeping;
pub mod http;
mod live;
pub mod running;
mod sample;
pub mod seed;
