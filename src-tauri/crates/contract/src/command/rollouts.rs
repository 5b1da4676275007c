//! Rollouts.
use super::command;
use crate::model::rollout::{Rollout, RolloutState};

command! {
    /// All rollouts with their measured share.
    RolloutsList = "rollouts.list" {} -> Vec<RolloutState>
}
command! {
    /// Creates a rollout (version 0) or replaces the version named.
    RolloutsSave = "rollouts.save" { rollout: Rollout, expected_version: i64 } -> RolloutState
}
command! {
    /// Removes a rollout; everybody gets the old behaviour.
    RolloutsDelete = "rollouts.delete" { name: String, expected_version: i64 } -> ()
}
