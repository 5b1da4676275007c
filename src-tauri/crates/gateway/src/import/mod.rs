//! Configuration in and out: Weir's own as TOML, and what others write, translated. Translating is pure; [`apply`] writes.

pub mod apply;
pub mod document;
pub mod litellm;

use serde_json::Value;

/// One item that is to be there afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// As in the database: `cap`, `provider` …
    pub kind: &'static str,
    pub name: String,
    pub value: Value,
}

/// What was read of a file, before anything is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In the order in which they are written: what others name comes first.
    pub items: Vec<Item>,
    /// What belongs into `weir.toml`, because it is not kept in the database; empty when there is nothing.
    pub file: String,
    /// What was understood beside the items, in sentences.
    pub understood: Vec<String>,
    /// What was not, and what to do about it. Never with a secret in it.
    pub not_understood: Vec<String>,
}
