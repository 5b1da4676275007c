//! What was raised, and how each delivery of it went.

use serde::{Deserialize, Serialize};

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not yet tried, or to be tried again.
    Waiting,
    /// The other side took it.
    Delivered,
    /// It will not be tried again.
    GivenUp,
    /// It was never to be sent: the channel was snoozed or off, or a higher percentage was told at the same time.
    Skipped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [DeliveryState; 4] = [
        DeliveryState::Waiting,
        DeliveryState::Delivered,
        DeliveryState::GivenUp,
        DeliveryState::Skipped,
    ];
    /// As in JSON and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        ["waiting", "delivered", "given_up", "skipped"][self as usize]
    }
    /// Reads what [`DeliveryState::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<DeliveryState> {
        DeliveryState::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One alert to one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: i64,
    pub event_id: i64,
    pub channel: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// While it waits: when it is tried next.
    pub next_attempt_ms: i64,
    pub last_attempt_ms: Option<i64>,
    /// What the other side said last, or why it was skipped.
    pub note: String,
}

/// An alert that was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEvent {
    /// Rises with every alert.
    pub id: i64,
    /// The rule's name; empty for a test of a channel.
    pub rule: String,
    /// `cap_share` … or `test`.
    pub kind: String,
    /// What it is about: `cap "global-daily"`.
    pub subject: String,
    pub window_start_ms: i64,
    pub title: String,
    /// What happened, how much, what still works, what to do.
    pub message: String,
    /// The page that deals with it.
    pub page: String,
    pub raised_ms: i64,
    pub deliveries: Vec<Delivery>,
}
