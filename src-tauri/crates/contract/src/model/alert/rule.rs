//! What is watched, from which share or rate on, and which channels hear of it.

use super::AlertEvent;
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// What is watched. Each is told once per window: the cap's period, the UTC hour, or the UTC day, as said at each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AlertCondition {
    /// Spend reaches these percentages of a cap, and those of the cap's own `notify` steps. What is only reserved does not
    /// count. Once per percentage and period.
    CapShare {
        percents: Vec<u8>,
        /// One cap by name; none for every cap.
        #[serde(default)]
        cap: Option<String>,
    },
    /// The spend that is to be expected by the end of a cap's period passes the cap. Once per period.
    Forecast {
        #[serde(default)]
        cap: Option<String>,
    },
    /// The hour's spend is more than so many percent of the same hour a week ago. Once per hour.
    SpendSpike {
        percent: u32,
        /// Hours with less spend than this are not looked at.
        at_least_nanousd: NanoUsd,
    },
    /// The hour's cache hit rate is so many percentage points below that of the seven days before. Once per day.
    HitRateFall {
        points: u8,
        /// Hours in which fewer requests asked the cache are not looked at.
        at_least_requests: i64,
    },
    /// So many percent of the hour's requests failed or were cut. Once per hour.
    ErrorRate { percent: u8, at_least_requests: i64 },
    /// Requests were charged at an assumed price. Once per model and day.
    UnknownPrice,
    /// Calls to a model are stopped, because its provider keeps failing. Once per model and hour.
    BreakerOpen,
    /// A sum over the ledger is not what its balance says; looked at every hour. Once per cap and day.
    LedgerDiffers,
    /// Less than so many percent of the database's disk are free. Once per day.
    DiskLow { percent_free: u8 },
}

impl AlertCondition {
    /// As in JSON: `cap_share`, `forecast` …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            AlertCondition::CapShare { .. } => "cap_share",
            AlertCondition::Forecast { .. } => "forecast",
            AlertCondition::SpendSpike { .. } => "spend_spike",
            AlertCondition::HitRateFall { .. } => "hit_rate_fall",
            AlertCondition::ErrorRate { .. } => "error_rate",
            AlertCondition::UnknownPrice => "unknown_price",
            AlertCondition::BreakerOpen => "breaker_open",
            AlertCondition::LedgerDiffers => "ledger_differs",
            AlertCondition::DiskLow { .. } => "disk_low",
        }
    }

    /// What the type cannot say.
    ///
    /// # Errors
    /// The field and what to write instead.
    pub fn check(&self) -> Result<(), String> {
        let share = |field: &str, percent: u8| {
            if (1..=100).contains(&percent) {
                return Ok(());
            }
            Err(format!("{field}: {percent} is not between 1 and 100"))
        };
        let requests = |least: i64| {
            if (1..=1_000_000_000).contains(&least) {
                return Ok(());
            }
            Err(format!(
                "at_least_requests: {least} is not between 1 and 1000000000; 20 keeps single failures quiet"
            ))
        };
        match self {
            AlertCondition::CapShare { percents, .. } => {
                if percents.len() > 20 {
                    return Err("percents: at most 20".to_owned());
                }
                percents
                    .iter()
                    .try_for_each(|percent| share("percents", *percent))
            }
            AlertCondition::SpendSpike {
                percent,
                at_least_nanousd,
            } => {
                if !(101..=100_000).contains(percent) {
                    return Err(format!(
                        "percent: {percent} is not between 101 and 100000; 200 means twice the spend of a week ago"
                    ));
                }
                if at_least_nanousd.0 <= 0 {
                    return Err(
                        "at_least_nanousd: must be more than 0, or every first call of an hour would be told"
                            .to_owned(),
                    );
                }
                Ok(())
            }
            AlertCondition::HitRateFall {
                points,
                at_least_requests,
            } => share("points", *points).and_then(|()| requests(*at_least_requests)),
            AlertCondition::ErrorRate {
                percent,
                at_least_requests,
            } => share("percent", *percent).and_then(|()| requests(*at_least_requests)),
            AlertCondition::DiskLow { percent_free } => share("percent_free", *percent_free),
            AlertCondition::Forecast { .. }
            | AlertCondition::UnknownPrice
            | AlertCondition::BreakerOpen
            | AlertCondition::LedgerDiffers => Ok(()),
        }
    }
}

/// A rule as an admin writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Short name, unique: `spend-spike`.
    pub name: String,
    pub condition: AlertCondition,
    /// Names of the channels that hear of it. Without any it stands on the alerts page alone.
    #[serde(default)]
    pub channels: Vec<String>,
    pub enabled: bool,
}

/// A rule with what it did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRuleState {
    pub rule: AlertRule,
    pub version: i64,
    /// Quiet until then; none when it is not snoozed.
    pub snoozed_until_ms: Option<i64>,
    /// The newest alert it raised.
    pub last: Option<AlertEvent>,
}

/// One alert that a rule would have raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedAlert {
    /// When it would have been told, to the hour.
    pub at_ms: i64,
    pub subject: String,
}

/// How often a rule would have told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertPreview {
    /// Days that were looked at.
    pub days: u32,
    /// None where nothing is kept that could be looked at.
    pub would_have_fired: Option<u32>,
    /// How it was counted, and what it does not see.
    pub note: String,
    /// The newest of them, at most 50, newest first.
    pub newest: Vec<PreviewedAlert>,
}

/// What a new database watches. `channels` hear of all of them.
#[must_use]
pub fn usual_rules(channels: &[String]) -> Vec<AlertRule> {
    let rule = |name: &str, condition| AlertRule {
        name: name.to_owned(),
        condition,
        channels: channels.to_vec(),
        enabled: true,
    };
    vec![
        rule(
            "cap-share",
            AlertCondition::CapShare {
                percents: vec![50, 80, 100],
                cap: None,
            },
        ),
        rule("cap-forecast", AlertCondition::Forecast { cap: None }),
        rule(
            "spend-spike",
            AlertCondition::SpendSpike {
                percent: 300,
                at_least_nanousd: NanoUsd(NanoUsd::PER_USD),
            },
        ),
        rule(
            "hit-rate-fall",
            AlertCondition::HitRateFall {
                points: 20,
                at_least_requests: 100,
            },
        ),
        rule(
            "error-rate",
            AlertCondition::ErrorRate {
                percent: 10,
                at_least_requests: 20,
            },
        ),
        rule("unknown-price", AlertCondition::UnknownPrice),
        rule("breaker-open", AlertCondition::BreakerOpen),
        rule("ledger-differs", AlertCondition::LedgerDiffers),
        rule("disk-low", AlertCondition::DiskLow { percent_free: 10 }),
    ]
}

#[cfg(test)]
mod tests {
    use super::{AlertCondition, AlertRule, usual_rules};

    #[test]
    fn the_usual_rules_are_sound_and_survive_their_json() {
        for rule in usual_rules(&["desktop".to_owned()]) {
            assert_eq!(rule.condition.check(), Ok(()), "{}", rule.name);
            let text = serde_json::to_string(&rule).unwrap();
            assert!(
                text.contains(&format!("\"kind\":\"{}\"", rule.condition.kind())),
                "{text}"
            );
            assert_eq!(serde_json::from_str::<AlertRule>(&text).unwrap(), rule);
        }
    }

    #[test]
    fn a_wrong_number_is_named() {
        let wrong = AlertCondition::CapShare {
            percents: vec![50, 0],
            cap: None,
        };
        assert!(wrong.check().unwrap_err().starts_with("percents: 0"));
        let wrong = AlertCondition::SpendSpike {
            percent: 100,
            at_least_nanousd: crate::NanoUsd(1),
        };
        assert!(wrong.check().unwrap_err().starts_with("percent: 100"));
    }
}
