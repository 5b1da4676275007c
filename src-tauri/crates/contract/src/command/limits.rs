//! Rate limits.
use super::command;
use crate::model::limit::{Limit, LimitState};

command! {
    /// All limits with what they do now.
    LimitsList = "limits.list" {} -> Vec<LimitState>
}
command! {
    /// Creates a limit (version 0) or replaces the version named. Keeps what was counted.
    LimitsSave = "limits.save" { limit: Limit, expected_version: i64 } -> LimitState
}
command! {
    /// Removes a limit.
    LimitsDelete = "limits.delete" { name: String, expected_version: i64 } -> ()
}
