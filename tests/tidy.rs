//! The structure of the repository, as tests: what `ARCHITECTURE.md` marks as an invariant is proved here.
//!
//! One rule is one test; a failure lists every place and says what to do.
#![allow(clippy::unwrap_used, reason = "a tree that cannot be read is a failed test")]

#[path = "tidy_rules/arrows.rs"]
mod arrows;
#[path = "tidy_rules/commands.rs"]
mod commands;
#[path = "tidy_rules/files.rs"]
mod files;
#[path = "tidy_rules/migrations.rs"]
mod migrations;
#[path = "tidy_rules/tree.rs"]
mod tree;
