//! The one error that crosses the boundary: a closed code to act on, and a sentence to read.

use crate::model::change::ConflictDetail;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of failure it was. A variant exists only while a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The arguments are wrong; the message says which and how to correct them.
    InvalidArgument,
    /// The named thing does not exist.
    NotFound,
    /// Somebody changed it first; read again and repeat.
    Conflict,
    /// Nobody may do that to this thing.
    NotAllowed,
    /// The window only reads until it is unlocked; then the same may be sent again.
    Locked,
    /// The database or another part cannot be reached at the moment.
    Unavailable,
    /// No profile is open yet.
    NoProfile,
    /// A fault in Weir; details are in the log.
    Internal,
}

/// An operation's failure as the page and scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// What kind it was.
    pub code: ErrorCode,
    /// A sentence that says what happened and what to do.
    pub message: String,
    /// Of a conflict: what was there, what is there now and what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Box<ConflictDetail>>,
}

impl ApiError {
    /// An error of this kind with this sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> ApiError {
        ApiError {
            code,
            message: message.into(),
            conflict: None,
        }
    }
    /// Wrong arguments.
    pub fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::new(ErrorCode::InvalidArgument, message)
    }
    /// No such thing.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(ErrorCode::NotFound, message)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}
