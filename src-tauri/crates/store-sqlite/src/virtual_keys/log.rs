//! What the log of changes says of a virtual key.

use super::key_of;
use crate::changes::{Undo, append};
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{
    change::{Act, Subject, key::shown},
    store::StoreError,
};

/// Writes the row of a key's change. The key stands in it by its public id, which opens nothing.
pub(super) async fn log(
    connection: &mut SqliteConnection,
    act: &Act,
    before: Option<&VirtualKey>,
    after: Option<&VirtualKey>,
    undo: Option<Undo<'_>>,
) -> Result<(), StoreError> {
    let id = after.or(before).map_or("", |key| key.id.as_str());
    let (before, after) = (before.map(shown), after.map(shown));
    let subject = Subject {
        kind: "virtual_key",
        name: id,
        before: before.as_deref(),
        after: after.as_deref(),
        config_version: None,
    };
    append(connection, act, subject, undo).await?;
    Ok(())
}

/// The key as an operation on one row left it, logged; none when it is unknown, so that nothing was changed.
pub(super) async fn log_changed(
    connection: &mut SqliteConnection,
    act: &Act,
    before: Option<VirtualKey>,
    rows_affected: u64,
) -> Result<Option<VirtualKey>, StoreError> {
    let Some(before) = before.filter(|_| rows_affected > 0) else {
        return Ok(None);
    };
    let after = key_of(connection, &before.id).await?;
    log(connection, act, Some(&before), after.as_ref(), None).await?;
    Ok(after)
}
