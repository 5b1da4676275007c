//! What the engine asks of raised alerts, their deliveries and snoozes.

use super::StoreError;
use crate::change::Act;
use async_trait::async_trait;
use weir_contract::model::alert::{AlertEvent, Delivery, DeliveryState, SnoozeOf};

/// An alert that is to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    pub rule: String,
    pub key: String,
    pub window_start_ms: i64,
    pub kind: String,
    pub subject: String,
    pub title: String,
    pub message: String,
    pub page: String,
    pub raised_ms: i64,
    pub deliveries: Vec<NewDelivery>,
}

/// A delivery that belongs to a new alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    pub channel: String,
    /// `Waiting` to be sent; any other stands as it is.
    pub state: DeliveryState,
    /// Attempts made already: one for a test that was sent before it is written down.
    pub attempts: u32,
    pub note: String,
}

/// A delivery that this gateway has taken on, with what is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    pub delivery: Delivery,
    /// Without its deliveries.
    pub event: AlertEvent,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOutcome {
    pub id: i64,
    /// Of the attempt; an outcome of an earlier attempt changes nothing.
    pub attempts: u32,
    pub state: DeliveryState,
    pub next_attempt_ms: i64,
    pub note: String,
}

/// A rule or channel that is quiet until a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snooze {
    pub of: SnoozeOf,
    pub name: String,
    pub until_ms: i64,
}

/// Alerts, shared by all gateways on the database.
#[async_trait]
pub trait AlertStore {
    /// Raises it with its deliveries, unless its rule, key and window were raised before; says whether it is new. Of many
    /// gateways that do so at once, exactly one is told that it is.
    async fn raise_alert(&self, alert: NewAlert) -> Result<bool, StoreError>;
    /// Takes on the delivery that has been due longest, counts the attempt and keeps others from it until `busy_until_ms`;
    /// after that, a gateway that died with it is succeeded by another.
    async fn claim_delivery(
        &self,
        now_ms: i64,
        busy_until_ms: i64,
    ) -> Result<Option<DueDelivery>, StoreError>;
    /// Writes down what came of an attempt; of a delivery that has moved on since, nothing is changed.
    async fn finish_delivery(&self, outcome: DeliveryOutcome) -> Result<(), StoreError>;
    /// Newest first, with deliveries; those with ids below `before_id` where it is given.
    async fn alert_history(&self, before_id: Option<i64>, limit: u32) -> Result<Vec<AlertEvent>, StoreError>;
    /// The newest alert of each rule, with its deliveries.
    async fn newest_alerts(&self) -> Result<Vec<AlertEvent>, StoreError>;
    /// The newest delivery of each channel.
    async fn newest_deliveries(&self) -> Result<Vec<Delivery>, StoreError>;
    /// Snoozes that end after `now_ms`.
    async fn snoozes(&self, now_ms: i64) -> Result<Vec<Snooze>, StoreError>;
    /// Sets when a snooze ends; a time that has passed ends it.
    async fn set_snooze(&self, snooze: Snooze, act: &Act) -> Result<(), StoreError>;
    /// Removes alerts raised before this time, a bounded number at a time.
    async fn expire_alerts(&self, before_ms: i64) -> Result<u64, StoreError>;
}
