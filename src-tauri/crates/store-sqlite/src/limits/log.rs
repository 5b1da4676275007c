//! The log on which draft limits are tried: appended to as the rollups count, in pieces of some tens of kilobytes.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

/// A piece that is larger is not appended to any more: appending writes the whole piece anew.
const PIECE_BYTES: i64 = 32 * 1024;

/// Appends requests, the latest of which began at `until_ms`. To be called in the transaction that counts them.
pub(crate) async fn append_to_log(
    connection: &mut SqliteConnection,
    requests: &[u8],
    until_ms: i64,
) -> Result<(), StoreError> {
    let grown = sqlx::query!(
        "UPDATE limit_log SET body = CAST(body || ? AS BLOB), until_ms = max(until_ms, ?)
         WHERE id = (SELECT max(id) FROM limit_log) AND length(body) < ?",
        requests,
        until_ms,
        PIECE_BYTES
    )
    .execute(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    if grown.rows_affected() == 0 {
        sqlx::query!(
            "INSERT INTO limit_log (until_ms, body) VALUES (?, ?)",
            until_ms,
            requests
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    }
    Ok(())
}

/// Removes pieces whose requests all began before.
pub(super) struct Expire {
    pub(super) before_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        sqlx::query!("DELETE FROM limit_log WHERE until_ms < ?", self.before_ms)
            .execute(connection)
            .await
            .map(|done| done.rows_affected())
            .map_err(from_sqlx)
    }
}
