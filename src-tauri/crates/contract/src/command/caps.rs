//! Budget caps.
use super::command;
use crate::model::cap::{Cap, CapState};

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
