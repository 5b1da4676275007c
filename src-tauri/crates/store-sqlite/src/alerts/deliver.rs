//! Takes on a delivery that is due, so that one gateway alone is at it, and writes down what came of it.

use super::history::event_row;
use crate::{error::from_sqlx, writer::Operation};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::model::alert::{Delivery, DeliveryState};
use weir_engine::store::{DeliveryOutcome, DueDelivery, StoreError};

pub(super) async fn is_any_due(readers: &SqlitePool, now_ms: i64) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM alert_deliveries WHERE state = 'waiting' AND next_attempt_ms <= ? LIMIT 1",
        now_ms
    )
    .fetch_optional(readers)
    .await
    .map_err(from_sqlx)?;
    Ok(found.is_some())
}

pub(super) struct Claim {
    pub(super) now_ms: i64,
    pub(super) busy_until_ms: i64,
}

#[async_trait]
impl Operation for Claim {
    type Reply = Option<DueDelivery>;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<DueDelivery>, StoreError> {
        let claimed = sqlx::query!(
            "UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_ms = ?1, last_attempt_ms = ?2
             WHERE id = (SELECT id FROM alert_deliveries WHERE state = 'waiting' AND next_attempt_ms <= ?2
                         ORDER BY next_attempt_ms, id LIMIT 1)
             RETURNING id AS \"id!: i64\", event_id AS \"event_id!: i64\", channel AS \"channel!: String\",
                       attempts AS \"attempts!: i64\", note AS \"note!: String\"",
            self.busy_until_ms,
            self.now_ms
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let Some(row) = claimed else { return Ok(None) };
        let event = event_row(connection, row.event_id).await?;
        Ok(Some(DueDelivery {
            delivery: Delivery {
                id: row.id,
                event_id: row.event_id,
                channel: row.channel,
                state: DeliveryState::Waiting,
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                next_attempt_ms: self.busy_until_ms,
                last_attempt_ms: Some(self.now_ms),
                note: row.note,
            },
            event,
        }))
    }
}

pub(super) struct Finish(pub(super) DeliveryOutcome);

#[async_trait]
impl Operation for Finish {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let outcome = &self.0;
        let (state, attempts) = (outcome.state.as_str(), i64::from(outcome.attempts));
        sqlx::query!(
            "UPDATE alert_deliveries SET state = ?, next_attempt_ms = ?, note = ?
             WHERE id = ? AND attempts = ? AND state = 'waiting'",
            state,
            outcome.next_attempt_ms,
            outcome.note,
            outcome.id,
            attempts
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok(())
    }
}
