//! Takes on a delivery that is due, so that one gateway alone is at it, and writes down what came of it.

use crate::{error::from_sqlx, text::storable};
use sqlx::PgPool;
use weir_contract::model::alert::{AlertEvent, Delivery, DeliveryState};
use weir_engine::store::{DeliveryOutcome, DueDelivery, StoreError};

/// The one that has been due longest and that nobody else is just taking on.
pub(super) async fn claim(
    pool: &PgPool,
    now_ms: i64,
    busy_until_ms: i64,
) -> Result<Option<DueDelivery>, StoreError> {
    let claimed = sqlx::query!(
        "WITH claimed AS (
             UPDATE alert_deliveries SET attempts = attempts + 1, next_attempt_ms = $1, last_attempt_ms = $2
             WHERE id = (SELECT id FROM alert_deliveries WHERE state = 'waiting' AND next_attempt_ms <= $2
                         ORDER BY next_attempt_ms, id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, event_id, channel, attempts, note
         )
         SELECT claimed.id, event_id, channel, attempts, note, rule, kind, subject, window_start_ms, title, message, page,
                raised_ms
         FROM claimed JOIN alert_events ON alert_events.id = claimed.event_id",
        busy_until_ms,
        now_ms
    )
    .fetch_optional(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(claimed.map(|row| DueDelivery {
        delivery: Delivery {
            id: row.id,
            event_id: row.event_id,
            channel: row.channel,
            state: DeliveryState::Waiting,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_ms: busy_until_ms,
            last_attempt_ms: Some(now_ms),
            note: row.note,
        },
        event: AlertEvent {
            id: row.event_id,
            rule: row.rule,
            kind: row.kind,
            subject: row.subject,
            window_start_ms: row.window_start_ms,
            title: row.title,
            message: row.message,
            page: row.page,
            raised_ms: row.raised_ms,
            deliveries: Vec::new(),
        },
    }))
}

/// Nothing when another attempt has begun since.
pub(super) async fn finish(pool: &PgPool, outcome: &DeliveryOutcome) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE alert_deliveries SET state = $1, next_attempt_ms = $2, note = $3
         WHERE id = $4 AND attempts = $5 AND state = 'waiting'",
        outcome.state.as_str(),
        outcome.next_attempt_ms,
        storable(&outcome.note).into_owned(),
        outcome.id,
        i64::from(outcome.attempts)
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}
