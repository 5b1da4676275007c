//! `keys.update`: changes what a key is called, whose it is, what it may do and until when.

use super::rules;
use crate::{Admin, config, from_store};
use weir_contract::{
    ApiError,
    command::keys::KeysUpdate,
    model::{
        change::{ConflictDetail, three_way},
        key::VirtualKey,
    },
};
use weir_engine::store::StoreError;

/// Saves the change and applies it at once. The secret, and what was spent, stay.
///
/// # Errors
/// `InvalidArgument` naming the field, `NotFound` when there is no such key, `Conflict` when somebody changed it first; failures of the database.
pub async fn update(admin: &Admin, command: KeysUpdate) -> Result<VirtualKey, ApiError> {
    rules::public_id(&command.id)?;
    let before = admin
        .store
        .get_key(&command.id)
        .await
        .map_err(from_store)?
        .ok_or_else(rules::no_such_key)?;
    let key = VirtualKey {
        name: command.name.trim().to_owned(),
        owner: command.owner.trim().to_owned(),
        team: command.team.trim().to_owned(),
        scopes: rules::tidy(command.scopes),
        expires_ms: command.expires_ms,
        limit: command.limit,
        version: command.expected_version,
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
        .update_key(&key, &admin.act())
        .await
        .map_err(|problem| conflict(problem, &before, &key))?
        .ok_or_else(rules::no_such_key)?;
    config::apply(admin, &format!("key {} is changed", key.id)).await?;
    Ok(key)
}

/// A conflict with what is there and what was sent. What it was when it was read is not known any more.
fn conflict(problem: StoreError, theirs: &VirtualKey, mine: &VirtualKey) -> ApiError {
    let is_conflict = matches!(problem, StoreError::Conflict { .. });
    let mut error = from_store(problem);
    if is_conflict {
        let json = |key: &VirtualKey| {
            serde_json::json!({
                "name": key.name, "owner": key.owner, "team": key.team,
                "scopes": key.scopes, "expires_ms": key.expires_ms, "limit": key.limit,
            })
            .to_string()
        };
        let mut fields = three_way(None, Some(&json(theirs)), Some(&json(mine)));
        fields.retain(|field| field.theirs != field.mine);
        error.conflict = Some(Box::new(ConflictDetail {
            kind: "virtual_key".to_owned(),
            name: theirs.id.clone(),
            version: theirs.version,
            who: String::new(),
            at_ms: 0,
            fields,
        }));
    }
    error
}
