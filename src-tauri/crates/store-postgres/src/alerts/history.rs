//! Reads alerts with their deliveries.

use super::read_state;
use crate::error::from_sqlx;
use sqlx::PgPool;
use std::collections::HashMap;
use weir_contract::model::alert::{AlertEvent, Delivery};
use weir_engine::store::StoreError;

/// The columns of `alert_events` that are shown.
struct EventRow {
    id: i64,
    rule: String,
    kind: String,
    subject: String,
    window_start_ms: i64,
    title: String,
    message: String,
    page: String,
    raised_ms: i64,
}

impl EventRow {
    fn with(self, deliveries: Vec<Delivery>) -> AlertEvent {
        AlertEvent {
            id: self.id,
            rule: self.rule,
            kind: self.kind,
            subject: self.subject,
            window_start_ms: self.window_start_ms,
            title: self.title,
            message: self.message,
            page: self.page,
            raised_ms: self.raised_ms,
            deliveries,
        }
    }
}

struct DeliveryRow {
    id: i64,
    event_id: i64,
    channel: String,
    state: String,
    attempts: i64,
    next_attempt_ms: i64,
    last_attempt_ms: Option<i64>,
    note: String,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Delivery, StoreError> {
        Ok(Delivery {
            state: read_state(row.id, &row.state)?,
            id: row.id,
            event_id: row.event_id,
            channel: row.channel,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_ms: row.next_attempt_ms,
            last_attempt_ms: row.last_attempt_ms,
            note: row.note,
        })
    }
}

/// A page of all alerts.
pub(super) async fn page(pool: &PgPool, before_id: i64, limit: u32) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT id, rule, kind, subject, window_start_ms, title, message, page, raised_ms
         FROM alert_events WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before_id,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    with_deliveries(pool, rows).await
}

/// The newest alert of each rule.
pub(super) async fn newest_of_rules(pool: &PgPool) -> Result<Vec<AlertEvent>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT id, rule, kind, subject, window_start_ms, title, message, page, raised_ms
         FROM alert_events WHERE id IN (SELECT max(id) FROM alert_events GROUP BY rule) ORDER BY rule"
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    with_deliveries(pool, rows).await
}

/// The newest delivery of each channel.
pub(super) async fn newest_of_channels(pool: &PgPool) -> Result<Vec<Delivery>, StoreError> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, event_id, channel, state, attempts, next_attempt_ms, last_attempt_ms, note
         FROM alert_deliveries WHERE id IN (SELECT max(id) FROM alert_deliveries GROUP BY channel) ORDER BY channel"
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    rows.into_iter().map(Delivery::try_from).collect()
}

async fn with_deliveries(pool: &PgPool, rows: Vec<EventRow>) -> Result<Vec<AlertEvent>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let found = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, event_id, channel, state, attempts, next_attempt_ms, last_attempt_ms, note
         FROM alert_deliveries WHERE event_id = ANY ($1) ORDER BY channel",
        &ids
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    let mut of_event: HashMap<i64, Vec<Delivery>> = HashMap::new();
    for row in found {
        of_event.entry(row.event_id).or_default().push(row.try_into()?);
    }
    let event = rows.into_iter().map(|row| {
        let deliveries = of_event.remove(&row.id).unwrap_or_default();
        row.with(deliveries)
    });
    Ok(event.collect())
}
