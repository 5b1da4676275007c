//! Writes a row of the log of changes inside the transaction of what was changed.

use crate::error::{from_sqlx, inconsistent};
use sqlx::SqliteConnection;
use weir_engine::{
    change::{Act, Subject, next_row, redact::Salt},
    store::StoreError,
};

/// What an undo will put back, in full.
pub(crate) struct Undo<'a> {
    pub(crate) before: Option<&'a str>,
    /// The version that the change makes.
    pub(crate) version: i64,
}

/// What makes the marks of people mean nothing elsewhere.
pub(crate) async fn salt(connection: &mut SqliteConnection) -> Result<Salt, StoreError> {
    sqlx::query_scalar!("SELECT salt FROM change_salt WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?
        .try_into()
        .map_err(|_| inconsistent("change_salt", "salt", "1", "it is not 32 bytes long"))
}

/// Appends the row; its number. The transaction holds the database's write lock, so the newest row stays the newest.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    act: &Act,
    subject: Subject<'_>,
    undo: Option<Undo<'_>>,
) -> Result<i64, StoreError> {
    let last = sqlx::query!("SELECT seq, sha256 FROM changes ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let salt = salt(&mut *connection).await?;
    let last = last.as_ref().map(|row| (row.seq, row.sha256.as_str()));
    let row = next_row(act, subject, last, &salt);
    sqlx::query!(
        "INSERT INTO changes (seq, at_ms, os_user, profile, role, door, weir_version, command, kind, name, before, after,
                              reason, config_version, undoes, sha256)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.seq,
        row.at_ms,
        row.actor.user,
        row.actor.profile,
        row.actor.role,
        row.actor.door,
        row.actor.version,
        row.command,
        row.kind,
        row.name,
        row.before,
        row.after,
        row.reason,
        row.config_version,
        row.undoes,
        row.sha256
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if let Some(undo) = undo {
        sqlx::query!(
            "INSERT INTO change_undos (seq, kind, name, before, version, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            row.seq,
            subject.kind,
            subject.name,
            undo.before,
            undo.version,
            row.at_ms
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    }
    Ok(row.seq)
}
