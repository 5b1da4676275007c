//! Checks the file from end to end.

use crate::{SqliteStore, error::from_sqlx};
use weir_engine::store::StoreError;

impl SqliteStore {
    /// The first damage found in the file, or none. Reads everything: seconds per gigabyte.
    ///
    /// # Errors
    /// `Unavailable` or `Incompatible` when the check itself could not be made.
    pub async fn check_integrity(&self) -> Result<Option<String>, StoreError> {
        let problem: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
            .fetch_one(self.readers())
            .await
            .map_err(from_sqlx)?;
        Ok((problem != "ok").then_some(problem))
    }
}
