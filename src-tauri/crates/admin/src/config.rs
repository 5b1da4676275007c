//! Configuration items as typed values: read, save with the version expected, delete, apply.

use crate::{Admin, check, from_store};
use serde::{Serialize, de::DeserializeOwned};
use weir_contract::{ApiError, ErrorCode};

/// One item with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored<T> {
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) value: T,
}

/// All items of one kind, by name.
pub(crate) async fn all<T: DeserializeOwned>(admin: &Admin, kind: &str) -> Result<Vec<Stored<T>>, ApiError> {
    let items = admin.store.config_items().await.map_err(from_store)?;
    let mut found = Vec::new();
    for item in items.into_iter().filter(|item| item.kind == kind) {
        let value = serde_json::from_str(&item.body).map_err(|error| {
            let (name, version) = (&item.name, item.version);
            ApiError::new(
                ErrorCode::Internal,
                format!("the stored {kind} \"{name}\" (version {version}) cannot be read: {error}; save it again with expected_version {version}"),
            )
        })?;
        found.push(Stored {
            name: item.name,
            version: item.version,
            value,
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Creates or replaces an item and lets the running engine apply it; returns the new version.
pub(crate) async fn save<T: Serialize>(
    admin: &Admin,
    kind: &str,
    name: &str,
    value: &T,
    expected_version: i64,
) -> Result<i64, ApiError> {
    check::expected_version(expected_version)?;
    let body = serde_json::to_string(value).map_err(|error| {
        ApiError::new(
            ErrorCode::Internal,
            format!("the {kind} cannot be written: {error}"),
        )
    })?;
    let version = admin
        .store
        .save_config(
            kind,
            name,
            &body,
            expected_version,
            &admin.who,
            admin.clock.now_ms(),
        )
        .await
        .map_err(|error| about(kind, name, from_store(error)))?;
    apply(admin, &format!("{kind} \"{name}\" is saved as version {version}")).await?;
    Ok(version)
}

/// Removes an item and lets the running engine apply it.
pub(crate) async fn delete(
    admin: &Admin,
    kind: &str,
    name: &str,
    expected_version: i64,
) -> Result<(), ApiError> {
    let items = admin.store.config_items().await.map_err(from_store)?;
    let names = || {
        items
            .iter()
            .filter(|item| item.kind == kind)
            .map(|item| item.name.as_str())
    };
    if !names().any(|known| known == name) {
        return Err(ApiError::not_found(format!(
            "there is no {kind} \"{name}\"; there are: {}",
            check::listed(names())
        )));
    }
    if expected_version < 1 {
        return Err(ApiError::invalid(format!(
            "expected_version: {expected_version} is no version; send the version you read"
        )));
    }
    admin
        .store
        .delete_config(kind, name, expected_version, &admin.who, admin.clock.now_ms())
        .await
        .map_err(|error| about(kind, name, from_store(error)))?;
    apply(admin, &format!("{kind} \"{name}\" is deleted")).await
}

/// Lets the running engine apply what was just written. When it cannot, the change stands all the same, and the error
/// must say so: whoever reads "failed" would repeat it.
pub(crate) async fn apply(admin: &Admin, what_stands: &str) -> Result<(), ApiError> {
    admin.live.reload().await.map_err(|error| {
        ApiError::new(
            error.code,
            format!("{what_stands}, but the running gateway could not apply it: {error}"),
        )
    })
}

fn about(kind: &str, name: &str, error: ApiError) -> ApiError {
    ApiError::new(error.code, format!("{kind} \"{name}\": {error}"))
}
