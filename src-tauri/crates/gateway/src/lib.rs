//! Weir's gateway: configuration, HTTP, and the composition root that the headless binary and the window share.

pub mod actor;
pub mod alerts;
pub mod attach;
pub mod bootstrap;
pub mod config;
mod housekeeping;
pub mod http;
pub mod import;
mod live;
mod news;
pub mod redis;
mod reembed;
pub mod running;
mod sample;
pub mod seed;
mod spool;
pub mod store;
mod traces;
mod watch;
