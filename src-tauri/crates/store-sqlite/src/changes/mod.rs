//! The log of changes.

mod append;
mod list;

pub(crate) use append::{Undo, append, salt};

use crate::{SqliteStore, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::change::{Change, ChangeFilter};
use weir_engine::{
    change::{Act, Subject},
    store::{ChangeStore, StoreError, UndoSource},
};

#[async_trait]
impl ChangeStore for SqliteStore {
    async fn list_changes(
        &self,
        filter: &ChangeFilter,
        before_seq: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(Change, Option<i64>)>, StoreError> {
        list::page(self.readers(), filter, before_seq, limit).await
    }

    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        list::after(self.readers(), seq, limit).await
    }

    async fn get_change(&self, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError> {
        list::one(self.readers(), seq).await
    }

    async fn undo_source(&self, seq: i64) -> Result<Option<UndoSource>, StoreError> {
        let kept = sqlx::query!(
            "SELECT kind, name, before, version FROM change_undos WHERE seq = ?",
            seq
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
        if let Some(row) = kept {
            return Ok(Some(UndoSource {
                kind: row.kind,
                name: row.name,
                before: row.before,
                version: row.version,
            }));
        }
        let found = sqlx::query!(
            "SELECT made.kind, made.name, made.before, made.version FROM changes
             JOIN config_changes AS made ON made.version = changes.config_version
             WHERE changes.seq = ?",
            seq
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
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
        let found = sqlx::query!(
            "SELECT who, at_ms, after FROM config_changes WHERE version = ?",
            version
        )
        .fetch_optional(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(found.map(|row| (row.who, row.at_ms, row.after)))
    }

    async fn note_change(&self, kind: &str, name: &str, act: &Act) -> Result<i64, StoreError> {
        self.write(Note {
            kind: kind.to_owned(),
            name: name.to_owned(),
            act: act.clone(),
        })
        .await
    }

    async fn expire_undo_sources(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.write(Forget { before_ms }).await
    }
}

struct Note {
    kind: String,
    name: String,
    act: Act,
}

#[async_trait]
impl Operation for Note {
    type Reply = i64;
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let subject = Subject {
            kind: &self.kind,
            name: &self.name,
            before: None,
            after: None,
            config_version: None,
        };
        append(connection, &self.act, subject, None).await
    }
}

struct Forget {
    before_ms: i64,
}

#[async_trait]
impl Operation for Forget {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let gone = sqlx::query!("DELETE FROM change_undos WHERE at_ms < ?", self.before_ms)
            .execute(connection)
            .await
            .map_err(from_sqlx)?;
        Ok(gone.rows_affected())
    }
}
