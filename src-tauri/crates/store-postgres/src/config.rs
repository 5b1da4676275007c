//! Versioned configuration, and what each version of it was.

use crate::{PostgresStore, text::storable};
use async_trait::async_trait;
use weir_engine::{
    change::{Act, Subject},
    store::{ConfigItem, ConfigStore, StoreError},
};

#[async_trait]
impl ConfigStore for PostgresStore {
    async fn config_version(&self) -> Result<i64, StoreError> {
        self.asked(
            sqlx::query_scalar!("SELECT coalesce(max(version), 0) AS \"version!\" FROM config_changes")
                .fetch_one(self.pool()),
        )
        .await
    }

    async fn config_items(&self) -> Result<Vec<ConfigItem>, StoreError> {
        self.asked(
            sqlx::query_as!(
                ConfigItem,
                "SELECT kind, name, version, body FROM config_items ORDER BY kind, name"
            )
            .fetch_all(self.pool()),
        )
        .await
    }

    async fn save_config(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        let change = Change {
            kind,
            name,
            body: Some(body),
            expected_version,
            act,
        };
        change.make(self).await
    }

    async fn delete_config(
        &self,
        kind: &str,
        name: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        let change = Change {
            kind,
            name,
            body: None,
            expected_version,
            act,
        };
        change.make(self).await
    }
}

/// Creates, replaces or (without a body) deletes one item.
struct Change<'a> {
    kind: &'a str,
    name: &'a str,
    body: Option<&'a str>,
    expected_version: i64,
    act: &'a Act,
}

impl Change<'_> {
    async fn make(&self, store: &PostgresStore) -> Result<i64, StoreError> {
        let (kind, name) = (storable(self.kind), storable(self.name));
        let found = store
            .asked(
                sqlx::query!(
                    "SELECT version, body FROM config_items WHERE kind = $1 AND name = $2",
                    kind.clone().into_owned(),
                    name.clone().into_owned()
                )
                .fetch_optional(store.pool()),
            )
            .await?;
        // A version never has two bodies, so what was read is what the function finds, or it finds another version.
        let found_version = found.as_ref().map_or(0, |item| item.version);
        if found_version != self.expected_version {
            return Err(StoreError::Conflict {
                expected: self.expected_version,
                found: found_version,
            });
        }
        let subject = Subject {
            kind: self.kind,
            name: self.name,
            before: found.as_ref().map(|item| item.body.as_str()),
            after: self.body,
            // The function knows it.
            config_version: None,
        };
        let said = store.said(self.act, subject).await?;
        let outcome = store.asked(
sqlx::query!(
            "SELECT changed AS \"changed!\", found_version AS \"found_version!\" FROM change_config($1, $2, $3, $4, $5, $6, $7)",
            kind.into_owned(),
            name.into_owned(),
            // A null is a deletion to the function, but sqlx cannot know that it takes one.
            self.body as Option<&str>,
            self.expected_version,
            storable(&self.act.who()).into_owned(),
            self.act.now_ms,
            said
        ).fetch_one(store.pool())).await?;
        if outcome.changed {
            return Ok(outcome.found_version);
        }
        Err(StoreError::Conflict {
            expected: self.expected_version,
            found: outcome.found_version,
        })
    }
}
