//! Alerts: what was raised, how its deliveries go, and what is snoozed.

mod deliver;
mod history;
mod raise;

use crate::{SqliteStore, changes::append, error::from_sqlx, error::inconsistent, writer::Operation};
use async_trait::async_trait;
use sqlx::SqliteConnection;
use weir_contract::model::alert::{AlertEvent, Delivery, DeliveryState, SnoozeOf};
use weir_engine::{
    change::{Act, Subject},
    store::{AlertStore, DeliveryOutcome, DueDelivery, NewAlert, Snooze, StoreError},
};

#[async_trait]
impl AlertStore for SqliteStore {
    async fn raise_alert(&self, alert: NewAlert) -> Result<bool, StoreError> {
        // What stands for hours is found again every few seconds; looking first spares the writer.
        if raise::is_known(self.readers(), &alert).await? {
            return Ok(false);
        }
        self.write(raise::Raise(alert)).await
    }

    async fn claim_delivery(
        &self,
        now_ms: i64,
        busy_until_ms: i64,
    ) -> Result<Option<DueDelivery>, StoreError> {
        if !deliver::is_any_due(self.readers(), now_ms).await? {
            return Ok(None);
        }
        self.write(deliver::Claim {
            now_ms,
            busy_until_ms,
        })
        .await
    }

    async fn finish_delivery(&self, outcome: DeliveryOutcome) -> Result<(), StoreError> {
        self.write(deliver::Finish(outcome)).await
    }

    async fn alert_history(&self, before_id: Option<i64>, limit: u32) -> Result<Vec<AlertEvent>, StoreError> {
        history::page(self.readers(), before_id.unwrap_or(i64::MAX), limit).await
    }

    async fn newest_alerts(&self) -> Result<Vec<AlertEvent>, StoreError> {
        history::newest_of_rules(self.readers()).await
    }

    async fn newest_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        history::newest_of_channels(self.readers()).await
    }

    async fn snoozes(&self, now_ms: i64) -> Result<Vec<Snooze>, StoreError> {
        let rows = sqlx::query!(
            "SELECT noun, name, until_ms FROM alert_snoozes WHERE until_ms > ? ORDER BY noun, name",
            now_ms
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
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
        self.write(SetSnooze {
            snooze,
            act: act.clone(),
        })
        .await
    }

    async fn expire_alerts(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.write(Expire { before_ms }).await
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

struct SetSnooze {
    snooze: Snooze,
    act: Act,
}

#[async_trait]
impl Operation for SetSnooze {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let noun = self.snooze.of.as_str();
        let was = sqlx::query_scalar!(
            "SELECT until_ms FROM alert_snoozes WHERE noun = ? AND name = ?",
            noun,
            self.snooze.name
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if was.is_none() && self.snooze.until_ms <= self.act.now_ms {
            // The end of a snooze that never was.
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO alert_snoozes (noun, name, until_ms) VALUES (?, ?, ?)
             ON CONFLICT DO UPDATE SET until_ms = excluded.until_ms",
            noun,
            self.snooze.name,
            self.snooze.until_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let json = |until_ms: i64| {
            format!(
                "{{\"{noun}\":{},\"until_ms\":{until_ms}}}",
                serde_json::json!(self.snooze.name)
            )
        };
        let (before, after) = (was.map(json), json(self.snooze.until_ms));
        let subject = Subject {
            kind: "snooze",
            name: &self.snooze.name,
            before: before.as_deref(),
            after: Some(&after),
            config_version: None,
        };
        append(connection, &self.act, subject, None).await?;
        Ok(())
    }
}

struct Expire {
    before_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let removed = sqlx::query!(
            "DELETE FROM alert_events WHERE id IN (SELECT id FROM alert_events WHERE raised_ms < ? LIMIT 1000)",
            self.before_ms
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        sqlx::query!("DELETE FROM alert_snoozes WHERE until_ms < ?", self.before_ms)
            .execute(connection)
            .await
            .map_err(from_sqlx)?;
        Ok(removed.rows_affected())
    }
}
