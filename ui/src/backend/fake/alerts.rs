//! Made-up alert rules, channels and history.

use super::shelf::{bump, find};
use weir_contract::{
    ApiError, ErrorCode,
    command::{
        alerts::{AlertsSave, AlertsSnooze},
        channels::ChannelsSave,
    },
    model::{
        alert::{
            AlertChannel, AlertCondition, AlertEvent, AlertPreview, AlertRule, AlertRuleState, ChannelState,
            ChannelTarget, ChannelTest, Delivery, DeliveryState, PreviewedAlert, SnoozeOf, usual_rules,
        },
        catalog::{KeySource, KeyStatus},
    },
};

const HOUR_MS: i64 = 3_600_000;

/// Everything about alerts that the fake remembers.
pub(super) struct AlertShelf {
    pub(super) rules: Vec<AlertRuleState>,
    pub(super) channels: Vec<ChannelState>,
}

impl AlertShelf {
    pub(super) fn new() -> AlertShelf {
        let rules = usual_rules(&["ops-slack".to_owned()])
            .into_iter()
            .map(|rule| AlertRuleState {
                rule,
                version: 1,
                snoozed_until_ms: None,
                last: None,
            });
        let slack = AlertChannel {
            name: "ops-slack".to_owned(),
            target: ChannelTarget::Slack {
                url: KeySource::Keychain("alert:ops-slack@slack".to_owned()),
            },
            enabled: true,
        };
        AlertShelf {
            rules: rules.collect(),
            channels: vec![channel_state(slack, "Qx7f")],
        }
    }

    /// The rules, with what the sample history holds of each.
    pub(super) fn list(&self, now_ms: i64) -> Vec<AlertRuleState> {
        let history = history(now_ms);
        let mut rules = self.rules.clone();
        for state in &mut rules {
            state.last = history
                .iter()
                .find(|event| event.rule == state.rule.name)
                .cloned();
        }
        rules
    }

    pub(super) fn save(&mut self, save: AlertsSave) -> Result<AlertRuleState, ApiError> {
        if save.expected_version == 0 {
            let fresh = AlertRuleState {
                rule: save.rule,
                version: 1,
                snoozed_until_ms: None,
                last: None,
            };
            self.rules.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.rules, &save.rule.name, |state| &state.rule.name)?;
        bump(&mut state.version, save.expected_version)?;
        state.rule = save.rule;
        Ok(state.clone())
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), ApiError> {
        find(&mut self.rules, name, |state| &state.rule.name)?;
        self.rules.retain(|state| state.rule.name != name);
        Ok(())
    }

    pub(super) fn snooze(&mut self, snooze: &AlertsSnooze) -> Result<(), ApiError> {
        match snooze.of {
            SnoozeOf::Rule => {
                find(&mut self.rules, &snooze.name, |state| &state.rule.name)?.snoozed_until_ms =
                    snooze.until_ms;
            }
            SnoozeOf::Channel => {
                find(&mut self.channels, &snooze.name, |state| &state.channel.name)?.snoozed_until_ms =
                    snooze.until_ms;
            }
        }
        Ok(())
    }

    pub(super) fn save_channel(&mut self, save: ChannelsSave) -> Result<ChannelState, ApiError> {
        if save.expected_version == 0 {
            let fresh = channel_state(save.channel, "");
            self.channels.push(fresh.clone());
            return Ok(fresh);
        }
        let state = find(&mut self.channels, &save.channel.name, |state| {
            &state.channel.name
        })?;
        bump(&mut state.version, save.expected_version)?;
        state.channel = save.channel;
        Ok(state.clone())
    }

    pub(super) fn delete_channel(&mut self, name: &str) -> Result<(), ApiError> {
        if self
            .rules
            .iter()
            .any(|state| state.rule.channels.iter().any(|one| one == name))
        {
            return Err(ApiError::new(
                ErrorCode::NotAllowed,
                "Rules still tell this channel; take it out of them first.",
            ));
        }
        self.channels.retain(|state| state.channel.name != name);
        Ok(())
    }

    pub(super) fn set_secret(&mut self, name: &str) -> Result<(), ApiError> {
        find(&mut self.channels, name, |state| &state.channel.name)?.secret_status = KeyStatus::Present;
        Ok(())
    }
}

fn channel_state(channel: AlertChannel, ending: &str) -> ChannelState {
    let secret_status = match channel.target.secret() {
        KeySource::None => KeyStatus::NotNeeded,
        _ if ending.is_empty() => KeyStatus::Missing,
        _ => KeyStatus::Present,
    };
    ChannelState {
        channel,
        version: 1,
        secret_status,
        secret_ending: ending.to_owned(),
        snoozed_until_ms: None,
        last: None,
    }
}

/// No gateway stands behind this page, so nothing can be sent.
pub(super) fn test() -> ChannelTest {
    ChannelTest {
        ok: false,
        message: "no gateway is attached to this page, so nothing was sent".to_owned(),
    }
}

pub(super) fn preview(rule: &AlertRule, now_ms: i64) -> AlertPreview {
    let is_kept = !matches!(
        rule.condition,
        AlertCondition::BreakerOpen | AlertCondition::LedgerDiffers | AlertCondition::DiskLow { .. }
    );
    let newest: Vec<PreviewedAlert> = (1..=3)
        .filter(|_| is_kept)
        .map(|number| PreviewedAlert {
            at_ms: now_ms - number * 61 * HOUR_MS,
            subject: "made-up data".to_owned(),
        })
        .collect();
    AlertPreview {
        days: 30,
        would_have_fired: is_kept.then_some(3),
        note: "Made up: no gateway is attached.".to_owned(),
        newest,
    }
}

pub(super) fn history(now_ms: i64) -> Vec<AlertEvent> {
    let event =
        |id: i64, rule: &str, kind: &str, title: &str, message: &str, page: &str, state, note: &str| {
            let raised_ms = now_ms - (3 - id) * 7 * HOUR_MS - HOUR_MS;
            AlertEvent {
                id,
                rule: rule.to_owned(),
                kind: kind.to_owned(),
                subject: String::new(),
                window_start_ms: raised_ms,
                title: title.to_owned(),
                message: message.to_owned(),
                page: page.to_owned(),
                raised_ms,
                deliveries: vec![Delivery {
                    id,
                    event_id: id,
                    channel: "ops-slack".to_owned(),
                    state,
                    attempts: if state == DeliveryState::GivenUp { 7 } else { 1 },
                    next_attempt_ms: raised_ms,
                    last_attempt_ms: Some(raised_ms + 1_000),
                    note: note.to_owned(),
                }],
            }
        };
    vec![
        event(
            2,
            "cap-share",
            "cap_share",
            "Cap \"global-daily\" has reached 80 %",
            "$81.20 of $100 is spent. Calls go on; from $100 on nothing more is bought under this cap, and answers from the cache are still served. Look on the Budgets page at what spends, or raise the cap.",
            "budgets",
            DeliveryState::Delivered,
            "answered 200",
        ),
        event(
            1,
            "error-rate",
            "error_rate",
            "Many requests fail",
            "31 of 212 requests failed or were cut in this hour (14.6 %). The others were answered, and cached answers are still served. Look on the Requests page at which provider fails and what it says.",
            "requests",
            DeliveryState::GivenUp,
            "given up after 7 attempts; the last one: answered 503",
        ),
    ]
}
