//! Sets when a snooze ends, and says so in the log.

use crate::{PostgresStore, changes::CHANGED_MEANWHILE, changes::TRIES, text::storable};
use weir_engine::{
    change::{Act, Subject},
    store::{Snooze, StoreError},
};

/// Reads what it was, and sets it if it still is: what the log says of before is true.
pub(super) async fn set(store: &PostgresStore, snooze: &Snooze, act: &Act) -> Result<(), StoreError> {
    let noun = snooze.of.as_str();
    for _ in 0..TRIES {
        let was = store
            .asked(
                sqlx::query_scalar!(
                    "SELECT until_ms FROM alert_snoozes WHERE noun = $1 AND name = $2",
                    noun,
                    storable(&snooze.name).into_owned()
                )
                .fetch_optional(store.pool()),
            )
            .await?;
        if was.is_none() && snooze.until_ms <= act.now_ms {
            // The end of a snooze that never was.
            return Ok(());
        }
        let json = |until_ms: i64| {
            format!(
                "{{\"{noun}\":{},\"until_ms\":{until_ms}}}",
                serde_json::json!(snooze.name)
            )
        };
        let (before, after) = (was.map(json), json(snooze.until_ms));
        let subject = Subject {
            kind: "snooze",
            name: &snooze.name,
            before: before.as_deref(),
            after: Some(&after),
            config_version: None,
        };
        let said = store.said(act, subject).await?;
        let is_set = store
            .asked(
                sqlx::query_scalar!(
                    "SELECT set_snooze($1, $2, $3, $4, $5) AS \"is_set!\"",
                    noun,
                    storable(&snooze.name).into_owned(),
                    snooze.until_ms,
                    was as Option<i64>,
                    said
                )
                .fetch_one(store.pool()),
            )
            .await?;
        if is_set {
            return Ok(());
        }
    }
    Err(StoreError::Unavailable(CHANGED_MEANWHILE.to_owned()))
}
