//! From a finding to the row that says who is told.

use crate::{Admin, from_store};
use weir_contract::{
    ApiError,
    model::alert::{AlertChannel, AlertRule, DeliveryState, SnoozeOf},
};
use weir_engine::{
    alert::Finding,
    budget::period::resets_text,
    store::{NewAlert, NewDelivery, Snooze},
};

/// What is known of channels in one round.
pub(super) struct Audience {
    pub(super) channels: Vec<AlertChannel>,
    pub(super) snoozes: Vec<Snooze>,
}

impl Audience {
    /// When this rule may speak again; none when it may now.
    pub(super) fn rule_snoozed_until(&self, rule: &str) -> Option<i64> {
        self.snoozed_until(SnoozeOf::Rule, rule)
    }

    fn snoozed_until(&self, of: SnoozeOf, name: &str) -> Option<i64> {
        let found = self
            .snoozes
            .iter()
            .find(|snooze| snooze.of == of && snooze.name == name);
        found.map(|snooze| snooze.until_ms)
    }

    /// Why this channel is told nothing; none when it is.
    fn quiet(&self, name: &str) -> Option<String> {
        let Some(channel) = self.channels.iter().find(|channel| channel.name == name) else {
            return Some("there is no such channel any more".to_owned());
        };
        if !channel.enabled {
            return Some("the channel is switched off".to_owned());
        }
        let until_ms = self.snoozed_until(SnoozeOf::Channel, name)?;
        let until = resets_text(until_ms, "UTC").unwrap_or_else(|_| "later".to_owned());
        Some(format!("the channel is snoozed until {until}"))
    }

    fn delivery(&self, channel: &str, said_by: Option<&str>) -> NewDelivery {
        let note = said_by.map(str::to_owned).or_else(|| self.quiet(channel));
        NewDelivery {
            channel: channel.to_owned(),
            state: if note.is_some() {
                DeliveryState::Skipped
            } else {
                DeliveryState::Waiting
            },
            attempts: 0,
            note: note.unwrap_or_default(),
        }
    }
}

/// Raises what is new; says how many were. Of findings of one group the strongest alone is sent.
pub(super) async fn raise(
    admin: &Admin,
    rule: &AlertRule,
    findings: Vec<Finding>,
    audience: &Audience,
) -> Result<usize, ApiError> {
    let mut raised = 0;
    for finding in &findings {
        let stronger = findings.iter().any(|other| {
            !finding.group.is_empty() && other.group == finding.group && other.strength > finding.strength
        });
        let said_by = stronger.then_some("a higher percentage was told at the same time");
        let delivery = |channel: &String| audience.delivery(channel, said_by);
        let alert = NewAlert {
            rule: rule.name.clone(),
            key: finding.key.clone(),
            window_start_ms: finding.window_start_ms,
            kind: rule.condition.kind().to_owned(),
            subject: finding.subject.clone(),
            title: finding.title.clone(),
            message: finding.message.clone(),
            page: finding.page.to_owned(),
            raised_ms: admin.clock.now_ms(),
            deliveries: rule.channels.iter().map(delivery).collect(),
        };
        raised += usize::from(admin.store.raise_alert(alert).await.map_err(from_store)?);
    }
    Ok(raised)
}
