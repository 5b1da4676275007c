//! The log of changes: looking at it, checking its chain, and taking a change back.
use super::command;
use crate::model::change::{ChainCheck, ChangeFilter, ChangePage, ChangeState};

command! {
    /// Changes, newest first; those before `before_seq` where it is given.
    AuditList = "audit.list" {
        #[serde(default)]
        filter: ChangeFilter,
        #[serde(default)]
        before_seq: Option<i64>,
        limit: u32,
    } -> ChangePage
}
command! {
    /// Computes the whole chain anew. With a head that was noted earlier, it also proves that nothing up to there was cut off.
    AuditVerify = "audit.verify" {
        #[serde(default)]
        known_seq: Option<i64>,
        #[serde(default)]
        known_sha256: Option<String>,
    } -> ChainCheck
}
command! {
    /// Puts back what was before a change, unless it has been changed again since; the change of the undo.
    AuditUndo = "audit.undo" { seq: i64, reason: String } -> ChangeState
}
