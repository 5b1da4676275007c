//! Rate limits.
use super::command;
use crate::model::limit::{Limit, LimitSimulation, LimitState};

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
command! {
    /// Replays the recorded requests of the last hours, at most 24, against a draft. Nothing is saved or refused.
    LimitsSimulate = "limits.simulate" { limit: Limit, hours: u32 } -> LimitSimulation
}
