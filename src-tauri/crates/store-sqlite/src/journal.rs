//! How a file is written to.

use crate::error::from_sqlx;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// Has changes written to a log beside the file first, so that others read while somebody writes. Changes two bytes of a file
/// for which that was not so.
///
/// # Errors
/// `Unavailable` when the file system has no such logs, or others use the file in another way just now.
pub(crate) async fn use_write_ahead_log(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let got: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)?;
    if got.eq_ignore_ascii_case("wal") {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!(
            "its file system does not support SQLite's write-ahead log (mode {got}); put it on a local disk"
        )))
    }
}
