//! `keys.update`: changes what a key is called, whose it is, what it may do and until when.

use super::rules;
use crate::{Admin, config, from_store};
use weir_contract::{ApiError, command::keys::KeysUpdate, model::key::VirtualKey};

/// Saves the change and applies it at once. The secret, and what was spent, stay.
///
/// # Errors
/// `InvalidArgument` naming the field, `NotFound` when there is no such key; failures of the database.
pub async fn update(admin: &Admin, command: KeysUpdate) -> Result<VirtualKey, ApiError> {
    rules::public_id(&command.id)?;
    let before = admin
        .store
        .find_key(&command.id)
        .await
        .map_err(from_store)?
        .ok_or_else(rules::no_such_key)?
        .key;
    let key = VirtualKey {
        name: command.name.trim().to_owned(),
        owner: command.owner.trim().to_owned(),
        team: command.team.trim().to_owned(),
        scopes: rules::tidy(command.scopes),
        expires_ms: command.expires_ms,
        limit: command.limit,
        ..before.clone()
    };
    // An expired key may still be renamed; only a new end must lie ahead.
    let checked = VirtualKey {
        expires_ms: key.expires_ms.filter(|_| key.expires_ms != before.expires_ms),
        ..key.clone()
    };
    rules::validate(&checked, admin.clock.now_ms())?;
    let key = admin
        .store
        .update_key(&key)
        .await
        .map_err(from_store)?
        .ok_or_else(rules::no_such_key)?;
    config::apply(admin, &format!("key {} is changed", key.id)).await?;
    Ok(key)
}
