//! Versioned configuration, and the insert-only log of its changes.

use crate::{SqliteStore, changes::append, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_engine::{
    change::{Act, Subject},
    store::{ConfigItem, ConfigStore, StoreError},
};

#[async_trait]
impl ConfigStore for SqliteStore {
    async fn config_version(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!("SELECT coalesce(max(version), 0) AS \"version!: i64\" FROM config_changes")
            .fetch_one(self.readers())
            .await
            .map_err(from_sqlx)
    }

    async fn config_items(&self) -> Result<Vec<ConfigItem>, StoreError> {
        sqlx::query_as!(
            ConfigItem,
            "SELECT kind, name, version, body FROM config_items ORDER BY kind, name"
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn save_config(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        self.write(Change {
            kind: kind.to_owned(),
            name: name.to_owned(),
            body: Some(body.to_owned()),
            expected_version,
            act: act.clone(),
        })
        .await
    }

    async fn delete_config(
        &self,
        kind: &str,
        name: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        self.write(Change {
            kind: kind.to_owned(),
            name: name.to_owned(),
            body: None,
            expected_version,
            act: act.clone(),
        })
        .await
    }
}

/// Creates, replaces or (without a body) deletes one item.
struct Change {
    kind: String,
    name: String,
    body: Option<String>,
    expected_version: i64,
    act: Act,
}

#[async_trait]
impl Operation for Change {
    type Reply = i64;
    // What an admin was told is done must not be undone by a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<i64, StoreError> {
        let found = sqlx::query!(
            "SELECT version, body FROM config_items WHERE kind = ? AND name = ?",
            self.kind,
            self.name
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let found_version = found.as_ref().map_or(0, |item| item.version);
        let nothing_to_delete = self.body.is_none() && found.is_none();
        if found_version != self.expected_version || nothing_to_delete {
            return Err(StoreError::Conflict {
                expected: self.expected_version,
                found: found_version,
            });
        }
        let before = found.map(|item| item.body);
        let who = self.act.who();
        let version = sqlx::query!(
            "INSERT INTO config_changes (kind, name, before, after, who, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            self.kind,
            self.name,
            before,
            self.body,
            who,
            self.act.now_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?
        .last_insert_rowid();
        let change = match &self.body {
            Some(body) => sqlx::query!(
                "INSERT INTO config_items (kind, name, version, body) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body",
                self.kind,
                self.name,
                version,
                body
            ),
            None => sqlx::query!(
                "DELETE FROM config_items WHERE kind = ? AND name = ?",
                self.kind,
                self.name
            ),
        };
        change.execute(&mut *connection).await.map_err(from_sqlx)?;
        let subject = Subject {
            kind: &self.kind,
            name: &self.name,
            before: before.as_deref(),
            after: self.body.as_deref(),
            config_version: Some(version),
        };
        append(connection, &self.act, subject, None).await?;
        Ok(version)
    }
}
