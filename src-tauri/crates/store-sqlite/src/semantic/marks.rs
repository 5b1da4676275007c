//! Marks a cached answer with its user and its sources, by which it is dropped later.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::store::StoreError;

pub(super) struct Mark {
    pub(super) key: String,
    pub(super) user: String,
    pub(super) sources: Vec<String>,
}

#[async_trait]
impl Operation for Mark {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM cache_marks WHERE key = ?", self.key)
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let sources = self.sources.iter().map(|source| ("source", source));
        let user = Some(("user", &self.user)).filter(|(_, user)| !user.is_empty());
        for (kind, value) in sources.chain(user) {
            // An answer that a clear took meanwhile gets no marks, or they would stay for ever.
            sqlx::query!(
                "INSERT OR IGNORE INTO cache_marks (kind, value, key)
                 SELECT ?1, ?2, key FROM cache_entries WHERE key = ?3",
                kind,
                value,
                self.key
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
        Ok(())
    }
}
