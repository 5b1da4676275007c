//! Alerts: what is watched, whom it is told to, and how each telling went.

mod channel;
mod event;
mod rule;

pub use channel::{AlertChannel, ChannelState, ChannelTarget, ChannelTest, MailSecurity};
pub use event::{AlertEvent, Delivery, DeliveryState};
pub use rule::{AlertCondition, AlertPreview, AlertRule, AlertRuleState, PreviewedAlert, usual_rules};

use serde::{Deserialize, Serialize};

/// What can be snoozed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnoozeOf {
    Rule,
    Channel,
}

impl SnoozeOf {
    /// As in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SnoozeOf::Rule => "rule",
            SnoozeOf::Channel => "channel",
        }
    }
}
