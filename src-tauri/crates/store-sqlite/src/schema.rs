//! What the schema of a file is, and should be.

use crate::error::from_sqlx;
use sqlx::{SqliteConnection, migrate::Migrator};
use weir_engine::store::StoreError;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../../migrations/sqlite");

/// "WEIR", as the first migration writes it.
pub(crate) const APPLICATION_ID: i64 = 0x5745_4952;

/// The newest step of the schema that this Weir knows.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|step| step.version).max().unwrap_or(0)
}

/// The newest step of a database that was in use and is to be changed.
pub(crate) async fn older_schema(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let is_new: bool =
        sqlx::query_scalar("SELECT count(*) = 0 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    if is_new {
        return Ok(None);
    }
    let schema: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    Ok((schema != 0 && schema < newest_schema()).then_some(schema))
}
