//! What the functions that change things are told to write into the log. They add number, role and hash.

use crate::{PostgresStore, error::inconsistent, text::storable};
use weir_engine::{
    change::{Act, Subject, next_row, redact::Salt},
    store::StoreError,
};

impl PostgresStore {
    /// Thirty-two random bytes that no other database has. A secret: whoever knows them can try out names against the log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn salt(&self) -> Result<Salt, StoreError> {
        let salt = self
            .asked(sqlx::query_scalar!("SELECT salt FROM change_salt WHERE id = 1").fetch_one(self.pool()))
            .await?;
        salt.try_into()
            .map_err(|_| inconsistent("change_salt", "salt", "1", "it is not 32 bytes long"))
    }

    /// The row as JSON, without secrets and people. Who may not read the salt may not change anything either.
    pub(crate) async fn said(&self, act: &Act, subject: Subject<'_>) -> Result<String, StoreError> {
        let salt = self.salt().await?;
        Ok(as_json(act, subject, &salt))
    }
}

fn as_json(act: &Act, subject: Subject<'_>, salt: &Salt) -> String {
    // Its number and hash are those of a first row; the server makes the right ones.
    let row = next_row(act, subject, None, salt);
    serde_json::json!({
        "at_ms": row.at_ms,
        "user": storable(&row.actor.user),
        "profile": storable(&row.actor.profile),
        "door": storable(&row.actor.door),
        "version": storable(&row.actor.version),
        "command": storable(&row.command),
        "kind": storable(&row.kind),
        "name": storable(&row.name),
        "before": row.before.as_deref().map(storable),
        "after": row.after.as_deref().map(storable),
        "reason": storable(&row.reason),
        "undoes": row.undoes,
    })
    .to_string()
}
