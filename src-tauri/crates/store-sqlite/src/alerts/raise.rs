//! Raises an alert once: the row that is unique decides which of several gateways sends.

use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_engine::store::{NewAlert, StoreError};

/// True when it was raised before.
pub(super) async fn is_known(readers: &SqlitePool, alert: &NewAlert) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM alert_events WHERE rule = ? AND alert_key = ? AND window_start_ms = ?",
        alert.rule,
        alert.key,
        alert.window_start_ms
    )
    .fetch_optional(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(found.is_some())
}

pub(super) struct Raise(pub(super) NewAlert);

#[async_trait]
impl Operation for Raise {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let alert = &self.0;
        let inserted = sqlx::query!(
            "INSERT INTO alert_events (rule, alert_key, window_start_ms, kind, subject, title, message, page, raised_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            alert.rule,
            alert.key,
            alert.window_start_ms,
            alert.kind,
            alert.subject,
            alert.title,
            alert.message,
            alert.page,
            alert.raised_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        let event_id = inserted.last_insert_rowid();
        for delivery in &alert.deliveries {
            let (state, attempts) = (delivery.state.as_str(), i64::from(delivery.attempts));
            let last_attempt_ms = (delivery.attempts > 0).then_some(alert.raised_ms);
            sqlx::query!(
                "INSERT INTO alert_deliveries (event_id, channel, state, attempts, next_attempt_ms, last_attempt_ms, note)
                 VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                event_id,
                delivery.channel,
                state,
                attempts,
                alert.raised_ms,
                last_attempt_ms,
                delivery.note
            )
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        }
        Ok(true)
    }
}
