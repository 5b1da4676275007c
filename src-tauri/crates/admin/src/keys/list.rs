//! `keys.list`: all keys, revoked ones too.

use crate::{Admin, from_store};
use weir_contract::{ApiError, command::keys::KeysList, model::key::VirtualKey};

/// All keys without their secrets, newest first.
///
/// # Errors
/// Failures of the database.
pub async fn list(admin: &Admin, _command: KeysList) -> Result<Vec<VirtualKey>, ApiError> {
    let mut keys = admin.store.list_keys().await.map_err(from_store)?;
    keys.sort_by(|one, other| {
        other
            .created_ms
            .cmp(&one.created_ms)
            .then_with(|| one.id.cmp(&other.id))
    });
    Ok(keys)
}
