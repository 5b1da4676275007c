//! What the log of changes says of a virtual key.

use weir_contract::model::key::VirtualKey;

/// What an admin writes of a key: what an undo puts back.
#[must_use]
pub fn written(key: &VirtualKey) -> serde_json::Value {
    serde_json::json!({
        "name": key.name,
        "owner": key.owner,
        "team": key.team,
        "scopes": key.scopes,
        "expires_ms": key.expires_ms,
        "limit": key.limit,
    })
}

/// A key as the log of changes shows it: what an admin writes, and which secrets it has.
#[must_use]
pub fn shown(key: &VirtualKey) -> String {
    let mut fields = written(key);
    fields["fingerprint"] = key.fingerprint.clone().into();
    fields["previous_fingerprint"] = key
        .previous
        .as_ref()
        .map(|previous| previous.fingerprint.clone())
        .into();
    fields["previous_until_ms"] = key.previous.as_ref().map(|previous| previous.until_ms).into();
    fields["revoked_ms"] = key.revoked_ms.into();
    fields.to_string()
}
