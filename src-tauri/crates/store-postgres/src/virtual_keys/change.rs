//! Changes of virtual keys. Each reads the key and hands over what it becomes together with the revision that was read; the
//! function changes no other, so what the log says of before is true.

use super::rules_of;
use crate::{
    PostgresStore,
    changes::{CHANGED_MEANWHILE, TRIES},
    text::storable,
};
use weir_contract::model::key::{PreviousSecret, VirtualKey};
use weir_engine::{
    change::{Act, Subject, key::shown},
    keyring::fingerprint,
    store::{KeyStore, StoreError},
};

/// What a rotation puts in place.
pub(super) struct NewSecret<'a> {
    pub(super) secret_sha256: &'a [u8; 32],
    pub(super) last_four: &'a str,
    pub(super) previous_until_ms: i64,
}

pub(super) async fn insert(
    store: &PostgresStore,
    key: &VirtualKey,
    secret_sha256: &[u8; 32],
    act: &Act,
) -> Result<(), StoreError> {
    let (scopes, limit) = rules_of(key)?;
    let after = VirtualKey {
        fingerprint: fingerprint(secret_sha256),
        previous: None,
        ..key.clone()
    };
    let said = said_of(store, act, None, &after).await?;
    let added = store
        .asked(
            sqlx::query_scalar!(
                "SELECT add_key($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS \"added!\"",
                storable(&key.id).into_owned(),
                storable(&key.name).into_owned(),
                storable(&key.owner).into_owned(),
                storable(&key.team).into_owned(),
                scopes,
                key.expires_ms as Option<i64>,
                limit as Option<String>,
                storable(&key.last_four).into_owned(),
                key.created_ms,
                key.revoked_ms as Option<i64>,
                key.last_used_ms as Option<i64>,
                secret_sha256.as_slice(),
                said
            )
            .fetch_one(store.pool()),
        )
        .await?;
    if added {
        return Ok(());
    }
    Err(StoreError::Conflict {
        expected: 0,
        found: 1,
    })
}

pub(super) async fn update(
    store: &PostgresStore,
    key: &VirtualKey,
    act: &Act,
) -> Result<Option<VirtualKey>, StoreError> {
    let (scopes, limit) = rules_of(key)?;
    for _ in 0..TRIES {
        let Some((before, revision)) = store.read_key(&key.id).await? else {
            return Ok(None);
        };
        if before.version != key.version {
            return Err(StoreError::Conflict {
                expected: key.version,
                found: before.version,
            });
        }
        let after = VirtualKey {
            name: key.name.clone(),
            owner: key.owner.clone(),
            team: key.team.clone(),
            scopes: key.scopes.clone(),
            expires_ms: key.expires_ms,
            limit: key.limit,
            ..before.clone()
        };
        let said = said_of(store, act, Some(&before), &after).await?;
        let outcome = store
            .asked(
                sqlx::query_scalar!(
                    "SELECT update_key($1, $2, $3, $4, $5, $6, $7, $8, $9) AS \"outcome!\"",
                    storable(&key.id).into_owned(),
                    storable(&key.name).into_owned(),
                    storable(&key.owner).into_owned(),
                    storable(&key.team).into_owned(),
                    scopes.clone(),
                    key.expires_ms as Option<i64>,
                    limit.clone() as Option<String>,
                    revision,
                    said
                )
                .fetch_one(store.pool()),
            )
            .await?;
        if outcome != "stale" {
            return key_after(store, &key.id, &outcome).await;
        }
    }
    Err(StoreError::Unavailable(CHANGED_MEANWHILE.to_owned()))
}

pub(super) async fn rotate(
    store: &PostgresStore,
    id: &str,
    new: &NewSecret<'_>,
    act: &Act,
) -> Result<Option<VirtualKey>, StoreError> {
    for _ in 0..TRIES {
        let Some((before, revision)) = store.read_key(id).await? else {
            return Ok(None);
        };
        let after = VirtualKey {
            last_four: new.last_four.to_owned(),
            fingerprint: fingerprint(new.secret_sha256),
            previous: Some(PreviousSecret {
                last_four: before.last_four.clone(),
                fingerprint: before.fingerprint.clone(),
                until_ms: new.previous_until_ms,
            }),
            ..before.clone()
        };
        let said = said_of(store, act, Some(&before), &after).await?;
        let done = store.asked(
sqlx::query!(
            "SELECT outcome AS \"outcome!\", overlap_ends_ms FROM rotate_key($1, $2, $3, $4, $5, $6, $7)",
            storable(id).into_owned(),
            new.secret_sha256.as_slice(),
            storable(new.last_four).into_owned(),
            new.previous_until_ms,
            act.now_ms,
            revision,
            said
        ).fetch_one(store.pool())).await?;
        if let Some(found) = done.overlap_ends_ms {
            return Err(StoreError::Conflict {
                expected: act.now_ms,
                found,
            });
        }
        if done.outcome != "stale" {
            return key_after(store, id, &done.outcome).await;
        }
    }
    Err(StoreError::Unavailable(CHANGED_MEANWHILE.to_owned()))
}

pub(super) async fn end_overlap(
    store: &PostgresStore,
    id: &str,
    act: &Act,
) -> Result<Option<VirtualKey>, StoreError> {
    for _ in 0..TRIES {
        let Some((before, revision)) = store.read_key(id).await? else {
            return Ok(None);
        };
        let after = VirtualKey {
            previous: None,
            ..before.clone()
        };
        let said = said_of(store, act, Some(&before), &after).await?;
        let outcome = store
            .asked(
                sqlx::query_scalar!(
                    "SELECT end_overlap($1, $2, $3) AS \"outcome!\"",
                    storable(id).into_owned(),
                    revision,
                    said
                )
                .fetch_one(store.pool()),
            )
            .await?;
        if outcome != "stale" {
            return key_after(store, id, &outcome).await;
        }
    }
    Err(StoreError::Unavailable(CHANGED_MEANWHILE.to_owned()))
}

pub(super) async fn revoke(
    store: &PostgresStore,
    id: &str,
    act: &Act,
) -> Result<Option<VirtualKey>, StoreError> {
    for _ in 0..TRIES {
        let Some((before, revision)) = store.read_key(id).await? else {
            return Ok(None);
        };
        let after = VirtualKey {
            revoked_ms: before.revoked_ms.or(Some(act.now_ms)),
            ..before.clone()
        };
        let said = said_of(store, act, Some(&before), &after).await?;
        let outcome = store
            .asked(
                sqlx::query_scalar!(
                    "SELECT revoke_key($1, $2, $3, $4) AS \"outcome!\"",
                    storable(id).into_owned(),
                    act.now_ms,
                    revision,
                    said
                )
                .fetch_one(store.pool()),
            )
            .await?;
        if outcome != "stale" {
            return key_after(store, id, &outcome).await;
        }
    }
    Err(StoreError::Unavailable(CHANGED_MEANWHILE.to_owned()))
}

/// The key as it stands after a change; none where there was nothing to change.
async fn key_after(store: &PostgresStore, id: &str, outcome: &str) -> Result<Option<VirtualKey>, StoreError> {
    if outcome == "gone" {
        return Ok(None);
    }
    store.get_key(id).await
}

/// What the log says of the change. The key stands in it by its public id, which opens nothing.
async fn said_of(
    store: &PostgresStore,
    act: &Act,
    before: Option<&VirtualKey>,
    after: &VirtualKey,
) -> Result<String, StoreError> {
    let (before, after_json) = (before.map(shown), shown(after));
    let subject = Subject {
        kind: "virtual_key",
        name: &after.id,
        before: before.as_deref(),
        after: Some(&after_json),
        config_version: None,
    };
    store.said(act, subject).await
}
