//! Numbers about calls: latency buckets that merge by adding.

pub mod bucket;
pub mod by_model;
pub mod process;
