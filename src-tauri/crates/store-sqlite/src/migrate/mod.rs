//! Brings the schema of a database up to date.

mod hours;

use crate::{
    backup::copy_to,
    error::from_sqlx,
    journal::use_write_ahead_log,
    schema::{MIGRATIONS, newest_schema, older_schema},
};
use sqlx::{
    Connection, Sqlite, SqliteConnection, Transaction, migrate::MigrateError, sqlite::SqliteConnectOptions,
};
use std::path::Path;
use weir_contract::model::backup::BackupReason;
use weir_engine::store::StoreError;

/// Applies what is missing. A database that has something to lose is copied before it is changed; where that is not
/// possible, nothing changes.
///
/// # Errors
/// `Incompatible` when it is from a newer Weir or an unreleased one, `Unavailable` when it cannot be copied, read or written.
/// What is in it is as it was then.
pub(crate) async fn bring_up_to_date(
    connection: &mut SqliteConnection,
    options: &SqliteConnectOptions,
    path: &Path,
) -> Result<(), StoreError> {
    if older_schema(connection).await?.is_none() {
        let mut transaction = begin(connection).await?;
        apply_until(&mut transaction, None).await?;
        return transaction.commit().await.map_err(from_sqlx);
    }
    // So that others read it as it was while it changes.
    use_write_ahead_log(connection).await?;
    // Millions of rows are read, sorted and written anew: memory for half a GiB of pages.
    let roomy = options.clone().pragma("cache_size", "-524288");
    let mut roomy = SqliteConnection::connect_with(&roomy).await.map_err(from_sqlx)?;
    let migrated = copy_and_apply(&mut roomy, path).await;
    // What it did is committed or undone, so a failure to close it loses nothing.
    let _ = roomy.close().await;
    migrated
}

async fn copy_and_apply(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let mut transaction = begin(connection).await?;
    let Some(schema) = older_schema(&mut transaction).await? else {
        // Another process was faster.
        return transaction.rollback().await.map_err(from_sqlx);
    };
    let now_ms: i64 = sqlx::query_scalar("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)")
        .fetch_one(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let (database, newest) = (path.display(), newest_schema());
    tracing::info!(%database, "its schema is brought from step {schema} to {newest}, and a copy made of what it was");
    // It is copied as it was before the transaction, of which nothing is committed before the copy is whole.
    let copied = copy(path, now_ms);
    let applied = apply_all(&mut transaction, schema, path);
    let (copied, applied) = tokio::join!(copied, applied);
    copied.and(applied)?;
    transaction.commit().await.map_err(from_sqlx)?;
    tracing::info!(%database, "its schema is up to date");
    Ok(())
}

async fn apply_all(connection: &mut SqliteConnection, schema: i64, path: &Path) -> Result<(), StoreError> {
    if schema < hours::STEP {
        apply_until(connection, Some(hours::STEP - 1)).await?;
        hours::apply(connection, path).await?;
    }
    apply_until(connection, None).await
}

/// The transaction holds all steps, and keeps a second process out meanwhile.
async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, StoreError> {
    connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)
}

async fn copy(path: &Path, now_ms: i64) -> Result<(), StoreError> {
    let copied = copy_to(path, BackupReason::Migration, now_ms).await;
    copied.map(|_| ()).map_err(|problem| {
        StoreError::Unavailable(format!(
            "its schema was not brought up to date, because it could not be backed up first ({problem}); nothing was changed"
        ))
    })
}

/// Applies the steps up to one, or all.
async fn apply_until(connection: &mut SqliteConnection, last: Option<i64>) -> Result<(), StoreError> {
    // Not `run`, whose future the compiler cannot prove to be `Send`.
    MIGRATIONS.run_direct(last, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => {
            let known = newest_schema();
            StoreError::Incompatible(format!(
                "the database was written by a newer Weir (schema {found}; this one knows {known}); nothing was changed: update Weir, or name another file"
            ))
        }
        MigrateError::VersionMismatch(version) => StoreError::Incompatible(format!(
            "the database was made by an unreleased Weir (schema step {version} differs); nothing was changed: name another file"
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => from_sqlx(error),
        other => StoreError::Incompatible(format!("the database's schema could not be brought up to date: {other}")),
    })
}
