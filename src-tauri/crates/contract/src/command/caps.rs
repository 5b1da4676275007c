//! Budget caps.
use super::command;
use crate::model::cap::{Cap, CapSimulation, CapState};

command! {
    /// All caps with what is spent and reserved now.
    CapsList = "caps.list" {} -> Vec<CapState>
}
command! {
    /// Creates a cap (version 0) or replaces the version named. Keeps what was spent.
    CapsSave = "caps.save" { cap: Cap, expected_version: i64 } -> CapState
}
command! {
    /// Removes a cap.
    CapsDelete = "caps.delete" { name: String, expected_version: i64 } -> ()
}
command! {
    /// Replays the last 30 days of recorded traffic against a draft; nothing is saved.
    CapsSimulate = "caps.simulate" { cap: Cap } -> CapSimulation
}
