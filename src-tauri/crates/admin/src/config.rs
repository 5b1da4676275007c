//! Configuration items as typed values: read, save with the version expected, delete, apply.

use crate::{Admin, check, from_store};
use serde::{Serialize, de::DeserializeOwned};
use weir_contract::{
    ApiError, ErrorCode,
    model::change::{ConflictDetail, three_way},
};
use weir_engine::store::{ConfigItem, StoreError};

/// One item with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored<T> {
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) value: T,
}

/// All items of all kinds, as they were at one moment: for operations that need several kinds.
pub(crate) struct Items(Vec<ConfigItem>);

impl Items {
    /// Reads them.
    pub(crate) async fn read(admin: &Admin) -> Result<Items, ApiError> {
        admin.store.config_items().await.map(Items).map_err(from_store)
    }

    /// Those of one kind, by name.
    pub(crate) fn of<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<Stored<T>>, ApiError> {
        let mut found = Vec::new();
        for item in self.0.iter().filter(|item| item.kind == kind) {
            let value = serde_json::from_str(&item.body).map_err(|error| {
                let (name, version) = (&item.name, item.version);
                ApiError::new(
                    ErrorCode::Internal,
                    format!("the stored {kind} \"{name}\" (version {version}) cannot be read: {error}; save it again with expected_version {version}"),
                )
            })?;
            found.push(Stored {
                name: item.name.clone(),
                version: item.version,
                value,
            });
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }
}

/// All items of one kind, by name.
pub(crate) async fn all<T: DeserializeOwned>(admin: &Admin, kind: &str) -> Result<Vec<Stored<T>>, ApiError> {
    Items::read(admin).await?.of(kind)
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
    let saved = admin
        .store
        .save_config(kind, name, &body, expected_version, &admin.act())
        .await;
    let version = match saved {
        Ok(version) => version,
        Err(problem) => return Err(refused(admin, kind, name, problem, Some(&body)).await),
    };
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
    if let Err(problem) = admin
        .store
        .delete_config(kind, name, expected_version, &admin.act())
        .await
    {
        return Err(refused(admin, kind, name, problem, None).await);
    }
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

/// The store's refusal. Of a conflict it tells what was there, what is there now and what was sent; `mine` is none for a
/// deletion.
async fn refused(admin: &Admin, kind: &str, name: &str, problem: StoreError, mine: Option<&str>) -> ApiError {
    let conflict = match &problem {
        // Who creates has seen nothing that could have been changed; the sentence says enough.
        StoreError::Conflict { expected, .. } if *expected > 0 => {
            conflict(admin, kind, name, *expected, mine).await.ok()
        }
        _ => None,
    };
    let error = from_store(problem);
    ApiError {
        message: format!("{kind} \"{name}\": {error}"),
        conflict: conflict.map(Box::new),
        ..error
    }
}

async fn conflict(
    admin: &Admin,
    kind: &str,
    name: &str,
    expected: i64,
    mine: Option<&str>,
) -> Result<ConflictDetail, StoreError> {
    let items = admin.store.config_items().await?;
    let theirs = items
        .into_iter()
        .find(|item| item.kind == kind && item.name == name);
    let version = theirs.as_ref().map_or(0, |item| item.version);
    let base = admin.store.config_version_body(expected).await?;
    let made = admin.store.config_version_body(version).await?;
    let (who, at_ms) = made.map(|(who, at_ms, _)| (who, at_ms)).unwrap_or_default();
    let base = base.and_then(|(_, _, body)| body);
    let theirs = theirs.map(|item| item.body);
    Ok(ConflictDetail {
        kind: kind.to_owned(),
        name: name.to_owned(),
        version,
        who,
        at_ms,
        fields: three_way(base.as_deref(), theirs.as_deref(), mine),
    })
}
