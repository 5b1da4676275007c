//! Reads the log of changes.

use crate::error::from_sqlx;
use sqlx::SqlitePool;
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
    readers: &SqlitePool,
    filter: &ChangeFilter,
    before_seq: Option<i64>,
    limit: u32,
) -> Result<Vec<(Change, Option<i64>)>, StoreError> {
    let before_seq = before_seq.unwrap_or(i64::MAX);
    let text = filter.text.as_deref().filter(|text| !text.is_empty());
    let kind = filter.kind.as_deref();
    let from_ms = filter.from_ms.unwrap_or(i64::MIN);
    let to_ms = filter.to_ms.unwrap_or(i64::MAX);
    // `instr` takes the text as it is; LIKE would give `%` and `_` a meaning.
    let rows = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256,
                (SELECT min(later.seq) FROM changes AS later WHERE later.undoes = changes.seq) AS \"undone_by: i64\"
         FROM changes
         WHERE seq < ?1 AND at_ms >= ?2 AND at_ms < ?3 AND (?4 IS NULL OR kind = ?4)
           AND (?5 IS NULL OR instr(lower(name || char(10) || command || char(10) || os_user || char(10) || reason
                || char(10) || coalesce(before, '') || char(10) || coalesce(after, '')), lower(?5)) > 0)
         ORDER BY seq DESC LIMIT ?6",
        before_seq,
        from_ms,
        to_ms,
        kind,
        text,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

pub(super) async fn after(readers: &SqlitePool, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256, NULL AS \"undone_by: i64\"
         FROM changes WHERE seq > ? ORDER BY seq LIMIT ?",
        seq,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(rows
        .into_iter()
        .map(|row| <(Change, Option<i64>)>::from(row).0)
        .collect())
}

pub(super) async fn one(readers: &SqlitePool, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError> {
    let row = sqlx::query_as!(
        StoredChange,
        "SELECT seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after, reason,
                config_version, undoes, sha256,
                (SELECT min(later.seq) FROM changes AS later WHERE later.undoes = changes.seq) AS \"undone_by: i64\"
         FROM changes WHERE seq = ?",
        seq
    )
    .fetch_optional(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(row.map(Into::into))
}
