//! Virtual keys: what a client presents. Only a hash of the secret is kept.

use serde::{Deserialize, Serialize};

/// A virtual key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualKey {
    /// The public part, safe in logs.
    pub id: String,
    pub name: String,
    /// The team whose cached answers it shares; empty means its own.
    pub team: String,
    /// Last four characters of the secret, to recognise it by.
    pub last_four: String,
    pub created_ms: i64,
    pub revoked_ms: Option<i64>,
    pub last_used_ms: Option<i64>,
}
