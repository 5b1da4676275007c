//! `keys.end_overlap`: stops the secret before the last rotation now.

use super::rules;
use crate::{Admin, config, from_store};
use weir_contract::{ApiError, command::keys::KeysEndOverlap, model::key::VirtualKey};

/// The old secret is refused from now on. Nothing happens to a key that has none.
///
/// # Errors
/// `NotFound` when there is no such key; failures of the database.
pub async fn end_overlap(admin: &Admin, command: KeysEndOverlap) -> Result<VirtualKey, ApiError> {
    rules::public_id(&command.id)?;
    let key = admin
        .store
        .end_overlap(&command.id, &admin.act())
        .await
        .map_err(from_store)?
        .ok_or_else(rules::no_such_key)?;
    config::apply(admin, &format!("the old secret of key {} is stopped", key.id)).await?;
    Ok(key)
}
