//! Many gateways on one Postgres: migrations, roles, money and news across processes.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that unwraps nothing has failed; and it says what it measured"
)]

mod accounts;
mod attach;
mod clears;
mod collection_writers;
mod collections;
#[path = "../bench/fill.rs"]
#[allow(dead_code, reason = "shared with the benchmark, which uses more of it")]
mod fill;
mod fleet;
mod flights;
mod gateways;
mod hundred_kills;
mod kills;
mod limits;
mod migrations;
mod outage;
mod outage_scene;
#[path = "../bench/panels.rs"]
#[allow(dead_code, reason = "shared with the benchmark, which uses more of it")]
mod panels;
mod partitions;
mod propagation;
mod redis;
mod redis_outages;
mod redis_tls;
mod roles;
mod semantic_entries;
mod tls;
mod upgrades;
mod upgrades_data;
mod upgrades_in_use;
mod window_load;
mod wire;
