//! Other rules for a key, if it is as the caller saw it.

use super::{key_of, log::log, rules_of};
use crate::{changes::Undo, error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::key::VirtualKey;
use weir_engine::{
    change::{Act, key::written},
    store::StoreError,
};

pub(super) struct Update {
    pub(super) key: VirtualKey,
    pub(super) act: Act,
}

#[async_trait]
impl Operation for Update {
    type Reply = Option<VirtualKey>;
    // A narrower scope or an earlier end must not be lost with a power cut.
    const SYNCED: bool = true;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<VirtualKey>, StoreError> {
        let key = &self.key;
        let (scopes, limit) = rules_of(key)?;
        let Some(before) = key_of(connection, &key.id).await? else {
            return Ok(None);
        };
        if before.version != key.version {
            return Err(StoreError::Conflict {
                expected: key.version,
                found: before.version,
            });
        }
        sqlx::query!(
            "UPDATE virtual_keys SET name = ?, owner = ?, team = ?, scopes = ?, expires_ms = ?, own_limit = ?,
                    version = version + 1
             WHERE id = ?",
            key.name,
            key.owner,
            key.team,
            scopes,
            key.expires_ms,
            limit,
            key.id
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let after = key_of(connection, &key.id).await?;
        let full = written(&before).to_string();
        let undo = Undo {
            before: Some(&full),
            version: before.version + 1,
        };
        log(connection, &self.act, Some(&before), after.as_ref(), Some(undo)).await?;
        Ok(after)
    }
}
