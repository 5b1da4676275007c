//! The log of changes. Its rows are written by the functions that change things.

mod list;
mod said;

use crate::PostgresStore;
use async_trait::async_trait;
use weir_contract::model::change::{Change, ChangeFilter};
use weir_engine::{
    change::{Act, Subject},
    store::{ChangeStore, StoreError, UndoSource},
};

/// How often something is read anew because somebody else changed it between its reading and its change.
pub(crate) const TRIES: u32 = 10;

/// Said when all of those were in vain.
pub(crate) const CHANGED_MEANWHILE: &str =
    "others change the same thing again and again; nothing was changed, try again";

#[async_trait]
impl ChangeStore for PostgresStore {
    async fn list_changes(
        &self,
        filter: &ChangeFilter,
        before_seq: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(Change, Option<i64>)>, StoreError> {
        self.present(list::page(self.pool(), filter, before_seq, limit))
            .await
    }

    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        self.present(list::after(self.pool(), seq, limit)).await
    }

    async fn get_change(&self, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError> {
        self.present(list::one(self.pool(), seq)).await
    }

    async fn undo_source(&self, seq: i64) -> Result<Option<UndoSource>, StoreError> {
        let kept = self
            .asked(
                sqlx::query!(
                    "SELECT kind, name, before, version FROM change_undos WHERE seq = $1",
                    seq
                )
                .fetch_optional(self.pool()),
            )
            .await?;
        if let Some(row) = kept {
            return Ok(Some(UndoSource {
                kind: row.kind,
                name: row.name,
                before: row.before,
                version: row.version,
            }));
        }
        let found = self
            .asked(
                sqlx::query!(
                    "SELECT made.kind, made.name, made.before, made.version FROM changes
             JOIN config_changes AS made ON made.version = changes.config_version
             WHERE changes.seq = $1",
                    seq
                )
                .fetch_optional(self.pool()),
            )
            .await?;
        Ok(found.map(|row| UndoSource {
            kind: row.kind,
            name: row.name,
            before: row.before,
            version: row.version,
        }))
    }

    async fn config_version_body(
        &self,
        version: i64,
    ) -> Result<Option<(String, i64, Option<String>)>, StoreError> {
        let found = self
            .asked(
                sqlx::query!(
                    "SELECT who, at_ms, after FROM config_changes WHERE version = $1",
                    version
                )
                .fetch_optional(self.pool()),
            )
            .await?;
        Ok(found.map(|row| (row.who, row.at_ms, row.after)))
    }

    async fn note_change(&self, kind: &str, name: &str, act: &Act) -> Result<i64, StoreError> {
        let subject = Subject {
            kind,
            name,
            before: None,
            after: None,
            config_version: None,
        };
        let said = self.said(act, subject).await?;
        self.asked(sqlx::query_scalar!("SELECT note_change($1) AS \"seq!\"", said).fetch_one(self.pool()))
            .await
    }

    async fn expire_undo_sources(&self, before_ms: i64) -> Result<u64, StoreError> {
        let gone = self
            .asked(sqlx::query!("DELETE FROM change_undos WHERE at_ms < $1", before_ms).execute(self.pool()))
            .await?;
        Ok(gone.rows_affected())
    }
}
