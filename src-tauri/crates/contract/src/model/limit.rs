//! Rate limits: at most N requests in any window.

use serde::{Deserialize, Serialize};

/// Who is counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSubject {
    Key,
    User,
    Ip,
}

impl LimitSubject {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LimitSubject::Key => "key",
            LimitSubject::User => "user",
            LimitSubject::Ip => "ip",
        }
    }
}

/// A limit as an admin writes it: at most `max_requests` in any `window_seconds`, literally.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Short name, unique: `key-per-minute`.
    pub name: String,
    pub subject: LimitSubject,
    pub max_requests: u32,
    pub window_seconds: u32,
    pub enabled: bool,
}

/// A limit with what it did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitState {
    pub limit: Limit,
    pub version: i64,
    /// Callers with at least one request in the window now.
    pub active_callers: u32,
    /// The fullest caller now and its count.
    pub busiest: Option<(String, u32)>,
    /// Refusals since the gateway started.
    pub refused: u64,
}
