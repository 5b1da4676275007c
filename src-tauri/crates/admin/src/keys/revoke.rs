//! `keys.revoke`: stops a key from working, at once and for good.

use crate::{Admin, config, from_store};
use weir_contract::{ApiError, command::keys::KeysRevoke, model::key::VirtualKey};

/// Revokes the key of this public id. Revoking twice keeps the first time.
///
/// # Errors
/// `NotFound` when there is no such key; failures of the database.
pub async fn revoke(admin: &Admin, command: KeysRevoke) -> Result<VirtualKey, ApiError> {
    // Whoever pastes the whole key must not find its secret in an error message or a log.
    if command.id.starts_with(super::KEY_PREFIX) {
        return Err(ApiError::invalid(
            "id: send only the public part, the 12 characters after \"sk-weir-\", never the whole key",
        ));
    }
    let revoked = admin
        .store
        .revoke_key(&command.id, admin.clock.now_ms())
        .await
        .map_err(from_store)?;
    let key = revoked.ok_or_else(|| {
        ApiError::not_found("there is no key with this id; `keys.list` shows all, with their ids")
    })?;
    config::apply(admin, &format!("key {} is revoked", key.id)).await?;
    Ok(key)
}
