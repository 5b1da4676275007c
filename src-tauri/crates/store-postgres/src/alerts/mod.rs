//! Alerts: what was raised, how its deliveries go, and what is snoozed.

mod deliver;
mod history;
mod raise;
mod snooze;

use crate::{PostgresStore, error::inconsistent};
use async_trait::async_trait;
use weir_contract::model::alert::{AlertEvent, Delivery, DeliveryState, SnoozeOf};
use weir_engine::{
    change::Act,
    store::{AlertStore, DeliveryOutcome, DueDelivery, NewAlert, Snooze, StoreError},
};

#[async_trait]
impl AlertStore for PostgresStore {
    async fn raise_alert(&self, alert: NewAlert) -> Result<bool, StoreError> {
        // What stands for hours is found again every few seconds; looking first spares a write.
        if raise::is_known(self.pool(), &alert).await? {
            return Ok(false);
        }
        self.present(raise::raise(self.pool(), &alert)).await
    }

    async fn claim_delivery(
        &self,
        now_ms: i64,
        busy_until_ms: i64,
    ) -> Result<Option<DueDelivery>, StoreError> {
        self.present(deliver::claim(self.pool(), now_ms, busy_until_ms))
            .await
    }

    async fn finish_delivery(&self, outcome: DeliveryOutcome) -> Result<(), StoreError> {
        self.present(deliver::finish(self.pool(), &outcome)).await
    }

    async fn alert_history(&self, before_id: Option<i64>, limit: u32) -> Result<Vec<AlertEvent>, StoreError> {
        self.present(history::page(self.pool(), before_id.unwrap_or(i64::MAX), limit))
            .await
    }

    async fn newest_alerts(&self) -> Result<Vec<AlertEvent>, StoreError> {
        self.present(history::newest_of_rules(self.pool())).await
    }

    async fn newest_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.present(history::newest_of_channels(self.pool())).await
    }

    async fn snoozes(&self, now_ms: i64) -> Result<Vec<Snooze>, StoreError> {
        let rows = self
            .asked(
                sqlx::query!(
                    "SELECT noun, name, until_ms FROM alert_snoozes WHERE until_ms > $1 ORDER BY noun, name",
                    now_ms
                )
                .fetch_all(self.pool()),
            )
            .await?;
        let snooze = rows.into_iter().map(|row| Snooze {
            // The table's check allows no third.
            of: if row.noun == SnoozeOf::Rule.as_str() {
                SnoozeOf::Rule
            } else {
                SnoozeOf::Channel
            },
            name: row.name,
            until_ms: row.until_ms,
        });
        Ok(snooze.collect())
    }

    async fn set_snooze(&self, snooze: Snooze, act: &Act) -> Result<(), StoreError> {
        self.present(snooze::set(self, &snooze, act)).await
    }

    async fn expire_alerts(&self, before_ms: i64) -> Result<u64, StoreError> {
        let removed = self
            .asked(
                sqlx::query!(
                    "DELETE FROM alert_events WHERE id IN (
                 SELECT id FROM alert_events WHERE raised_ms < $1 ORDER BY raised_ms LIMIT 1000)",
                    before_ms
                )
                .execute(self.pool()),
            )
            .await?;
        self.asked(
            sqlx::query!("DELETE FROM alert_snoozes WHERE until_ms < $1", before_ms).execute(self.pool()),
        )
        .await?;
        Ok(removed.rows_affected())
    }
}

fn read_state(row: i64, text: &str) -> Result<DeliveryState, StoreError> {
    DeliveryState::parse(text).ok_or_else(|| {
        inconsistent(
            "alert_deliveries",
            "state",
            &row.to_string(),
            format!("{text:?} is no state"),
        )
    })
}
