//! Reads the log of changes.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::model::change::{Actor, Change, ChangeFilter};
use weir_engine::store::StoreError;

/// The columns of `changes`.
struct StoredChange {
    seq: i64,
    at_ms: i64,
    os_user: String,
    profile: String,
    role: String,
    door: String,
    weir_version: String,
    command: String,
    kind: String,
    name: String,
    before: Option<String>,
    after: Option<String>,
    reason: String,
    config_version: Option<i64>,
    undoes: Option<i64>,
    sha256: String,
    /// The first change that took it back.
    undone_by: Option<i64>,
}

impl From<StoredChange> for (Change, Option<i64>) {
    fn from(stored: StoredChange) -> (Change, Option<i64>) {
        let change = Change {
            seq: stored.seq,
            at_ms: stored.at_ms,
            actor: Actor {
                user: stored.os_user,
                profile: stored.profile,
                role: stored.role,
                door: stored.door,
                version: stored.weir_version,
            },
            command: stored.command,
            kind: stored.kind,
            name: stored.name,
            before: stored.before,
            after: stored.after,
            reason: stored.reason,
            config_version: stored.config_version,
            undoes: stored.undoes,
            sha256: stored.sha256,
        };
        (change, stored.undone_by)
    }
}

pub(super) async fn page(
    pool: &PgPool,
    filter: &ChangeFilter,
    before_seq: Option<i64>,
    limit: u32,
) -> Result<Vec<(Change, Option<i64>)>, StoreError> {
    let before_seq = before_seq.unwrap_or(i64::MAX);
    let text = filter.text.as_deref().filter(|text| !text.is_empty());
    let text = text.map(|text| storable(text).into_owned());
    let kind = filter.kind.as_deref().map(|kind| storable(kind).into_owned());
    let from_ms = filter.from_ms.unwrap_or(i64::MIN);
    let to_ms = filter.to_ms.unwrap_or(i64::MAX);
    // `strpos` takes the text as it is; LIKE would give `%` and `_` a meaning.
    let rows = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256,
                (SELECT min(later.seq) FROM changes AS later WHERE later.undoes = changes.seq) AS undone_by
         FROM changes
         WHERE seq < $1 AND at_ms >= $2 AND at_ms < $3 AND ($4::text IS NULL OR kind = $4)
           AND ($5::text IS NULL OR strpos(lower(name || chr(10) || command || chr(10) || os_user || chr(10) || reason
                || chr(10) || coalesce(before, '') || chr(10) || coalesce(after, '')), lower($5)) > 0)
         ORDER BY seq DESC LIMIT $6",
        before_seq,
        from_ms,
        to_ms,
        kind as Option<String>,
        text as Option<String>,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn after(pool: &PgPool, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256, NULL::bigint AS undone_by
         FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2",
        seq,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(rows
        .into_iter()
        .map(|row| <(Change, Option<i64>)>::from(row).0)
        .collect())
}

pub(super) async fn one(pool: &PgPool, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError> {
    let row = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256,
                (SELECT min(later.seq) FROM changes AS later WHERE later.undoes = changes.seq) AS undone_by
         FROM changes WHERE seq = $1",
        seq
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(row.map(Into::into))
}
