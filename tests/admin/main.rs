//! The dashboard's operations against a real SQLite database, by name, as scripts and the window call them.
#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod alerts;
mod audit;
mod backups;
mod config;
mod figures;
mod keys;
mod ledger;
mod simulate;
mod stage;
