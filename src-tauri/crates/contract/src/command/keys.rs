//! Virtual keys.
use super::command;
use crate::model::key::VirtualKey;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A new key; the only time its secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedKey {
    pub key: VirtualKey,
    /// `sk-weir-<public>-<secret>`.
    pub secret: String,
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CreatedKey")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

command! {
    /// All keys, revoked ones too, newest first.
    KeysList = "keys.list" {} -> Vec<VirtualKey>
}
command! {
    /// Makes a key. The secret is in the reply and nowhere else.
    KeysCreate = "keys.create" { name: String, team: String } -> CreatedKey
}
command! {
    /// Stops a key from working, at once.
    KeysRevoke = "keys.revoke" { id: String } -> VirtualKey
}
