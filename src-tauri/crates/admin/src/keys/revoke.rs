//! `keys.revoke`: stops a key from working, at once and for good.

use super::rules;
use crate::{Admin, config, from_store};
use weir_contract::{ApiError, command::keys::KeysRevoke, model::key::VirtualKey};

/// Revokes the key of this public id. Revoking twice keeps the first time.
///
/// # Errors
/// `NotFound` when there is no such key; failures of the database.
pub async fn revoke(admin: &Admin, command: KeysRevoke) -> Result<VirtualKey, ApiError> {
    rules::public_id(&command.id)?;
    let revoked = admin
        .store
        .revoke_key(&command.id, &admin.act())
        .await
        .map_err(from_store)?;
    let key = revoked.ok_or_else(rules::no_such_key)?;
    config::apply(admin, &format!("key {} is revoked", key.id)).await?;
    Ok(key)
}
