//! Virtual keys.
use super::command;
use crate::{
    NanoUsd,
    model::{
        cap::CapPeriod,
        key::{KeyLimit, KeyScopes, KeyState, VirtualKey},
    },
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A new key, or a key with a new secret; the only time the secret is shown.
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

/// A cap to be made with a key. It is a cap like any other from then on, named `key-` and the key's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKeyCap {
    pub limit_nanousd: NanoUsd,
    pub period: CapPeriod,
    /// IANA name: `Europe/Berlin`.
    pub time_zone: String,
}

command! {
    /// All keys, revoked ones too, newest first, with what applies to them and what they spent.
    KeysList = "keys.list" {} -> Vec<KeyState>
}
command! {
    /// Makes a key. The secret is in the reply and nowhere else.
    #[derive(Default)]
    KeysCreate = "keys.create" {
        name: String,
        team: String,
        #[serde(default)]
        owner: String,
        #[serde(default)]
        scopes: KeyScopes,
        #[serde(default)]
        expires_ms: Option<i64>,
        #[serde(default)]
        limit: Option<KeyLimit>,
        #[serde(default)]
        cap: Option<NewKeyCap>,
    } -> CreatedKey
}
command! {
    /// Changes what a key is called, whose it is, what it may do and until when. Its secret stays.
    KeysUpdate = "keys.update" {
        id: String,
        /// The version that was read.
        expected_version: i64,
        name: String,
        owner: String,
        team: String,
        scopes: KeyScopes,
        expires_ms: Option<i64>,
        limit: Option<KeyLimit>,
    } -> VirtualKey
}
command! {
    /// Gives a key a new secret, which works at once; the old one works on for `overlap_seconds`, 0 to stop it now.
    KeysRotate = "keys.rotate" { id: String, overlap_seconds: u32 } -> CreatedKey
}
command! {
    /// Stops the secret before the last rotation now.
    KeysEndOverlap = "keys.end_overlap" { id: String } -> VirtualKey
}
command! {
    /// Stops a key from working, at once.
    KeysRevoke = "keys.revoke" { id: String } -> VirtualKey
}
