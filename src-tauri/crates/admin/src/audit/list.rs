//! `audit.list`: changes, newest first, with what differs and whether they can be taken back.

use super::standing::{self, Present};
use crate::{Admin, check, from_store};
use weir_contract::{
    ApiError,
    command::audit::AuditList,
    model::change::{Change, ChangePage, ChangeState, differences},
};

/// One page of the log.
///
/// # Errors
/// `InvalidArgument` for a page that is too large; failures of the database.
pub async fn list(admin: &Admin, command: AuditList) -> Result<ChangePage, ApiError> {
    check::page_size(command.limit)?;
    let found = admin
        .store
        .list_changes(&command.filter, command.before_seq, command.limit)
        .await
        .map_err(from_store)?;
    let is_last = found.len() < command.limit as usize;
    let present = Present::read(admin).await?;
    let mut changes = Vec::with_capacity(found.len());
    for (change, undone_by) in found {
        changes.push(state(admin, &present, change, undone_by).await?);
    }
    let next_before_seq = changes
        .last()
        .map(|state| state.change.seq)
        .filter(|seq| !is_last && *seq > 1);
    Ok(ChangePage {
        changes,
        next_before_seq,
    })
}

/// A change with what differs and how its undo stands.
pub(super) async fn state(
    admin: &Admin,
    present: &Present,
    change: Change,
    undone_by: Option<i64>,
) -> Result<ChangeState, ApiError> {
    Ok(ChangeState {
        differences: differences(change.before.as_deref(), change.after.as_deref()),
        undo: standing::of(admin, present, &change, undone_by).await?,
        change,
    })
}
