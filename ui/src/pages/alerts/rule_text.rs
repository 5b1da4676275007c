//! A rule's form as plain data, and rules in words.

use crate::format;
use weir_contract::{
    NanoUsd,
    model::alert::{AlertCondition, AlertRule},
};

/// Key and word of every condition.
pub const KINDS: [(&str, &str); 9] = [
    ("cap_share", "Spend reaches a share of a cap"),
    ("forecast", "The forecast passes a cap"),
    ("spend_spike", "Spend spikes against last week"),
    ("hit_rate_fall", "The cache's hit rate falls"),
    ("error_rate", "Requests fail"),
    ("unknown_price", "A price is unknown"),
    ("breaker_open", "A breaker is open"),
    ("ledger_differs", "Ledger and balance differ"),
    ("disk_low", "The disk is nearly full"),
];

/// A rule's form as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleText {
    pub name: String,
    pub kind: String,
    /// Percentages, percent or points.
    pub number: String,
    /// Dollars or requests.
    pub at_least: String,
    /// A cap's name; empty for all.
    pub cap: String,
    pub channels: Vec<String>,
    pub enabled: bool,
}

impl RuleText {
    /// As the form shows a rule.
    #[must_use]
    pub fn of(rule: &AlertRule) -> RuleText {
        let cap_of = |cap: &Option<String>| cap.clone().unwrap_or_default();
        let (number, at_least, cap) = match &rule.condition {
            AlertCondition::CapShare { percents, cap } => {
                let percents: Vec<String> = percents.iter().map(u8::to_string).collect();
                (percents.join(", "), String::new(), cap_of(cap))
            }
            AlertCondition::Forecast { cap } => (String::new(), String::new(), cap_of(cap)),
            AlertCondition::SpendSpike {
                percent,
                at_least_nanousd,
            } => (percent.to_string(), at_least_nanousd.to_decimal(), String::new()),
            AlertCondition::HitRateFall {
                points: number,
                at_least_requests,
            }
            | AlertCondition::ErrorRate {
                percent: number,
                at_least_requests,
            } => (number.to_string(), at_least_requests.to_string(), String::new()),
            AlertCondition::DiskLow { percent_free } => {
                (percent_free.to_string(), String::new(), String::new())
            }
            AlertCondition::UnknownPrice | AlertCondition::BreakerOpen | AlertCondition::LedgerDiffers => {
                Default::default()
            }
        };
        RuleText {
            name: rule.name.clone(),
            kind: rule.condition.kind().to_owned(),
            number,
            at_least,
            cap,
            channels: rule.channels.clone(),
            enabled: rule.enabled,
        }
    }

    /// What a new rule of this kind begins with: number and least.
    #[must_use]
    pub fn usual(kind: &str) -> (&'static str, &'static str) {
        match kind {
            "cap_share" => ("50, 80, 100", ""),
            "spend_spike" => ("300", "1"),
            "hit_rate_fall" => ("20", "100"),
            "error_rate" => ("10", "20"),
            "disk_low" => ("10", ""),
            _ => ("", ""),
        }
    }

    /// The labels of number and least; empty where the kind has none.
    #[must_use]
    pub fn labels(kind: &str) -> (&'static str, &'static str) {
        match kind {
            "cap_share" => ("Percentages, beside the cap's own notices", ""),
            "spend_spike" => ("Percent of the same hour last week", "At least (dollars an hour)"),
            "hit_rate_fall" => (
                "Percentage points below the last 7 days",
                "At least (requests an hour)",
            ),
            "error_rate" => ("Percent of requests", "At least (requests an hour)"),
            "disk_low" => ("Percent free", ""),
            _ => ("", ""),
        }
    }

    /// Reads the form.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<AlertRule, String> {
        let name = short_name(&self.name)?;
        let cap = Some(self.cap.trim().to_owned()).filter(|cap| !cap.is_empty());
        let condition = match self.kind.as_str() {
            "cap_share" => AlertCondition::CapShare {
                percents: percents(&self.number)?,
                cap,
            },
            "forecast" => AlertCondition::Forecast { cap },
            "spend_spike" => AlertCondition::SpendSpike {
                percent: whole(&self.number, "percent")?,
                at_least_nanousd: NanoUsd::parse_decimal(&self.at_least)?,
            },
            "hit_rate_fall" => AlertCondition::HitRateFall {
                points: whole(&self.number, "percentage points")?,
                at_least_requests: whole(&self.at_least, "requests")?,
            },
            "error_rate" => AlertCondition::ErrorRate {
                percent: whole(&self.number, "percent")?,
                at_least_requests: whole(&self.at_least, "requests")?,
            },
            "disk_low" => AlertCondition::DiskLow {
                percent_free: whole(&self.number, "percent")?,
            },
            "breaker_open" => AlertCondition::BreakerOpen,
            "ledger_differs" => AlertCondition::LedgerDiffers,
            _ => AlertCondition::UnknownPrice,
        };
        condition.check()?;
        Ok(AlertRule {
            name,
            condition,
            channels: self.channels.clone(),
            enabled: self.enabled,
        })
    }
}

pub(super) fn short_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        return Err("The name is 1 to 64 lower-case letters, digits and -, such as spend-spike.".to_owned());
    }
    Ok(text.to_owned())
}

fn percents(text: &str) -> Result<Vec<u8>, String> {
    let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| whole(part, "percent")).collect()
}

pub(super) fn whole<T: std::str::FromStr>(text: &str, unit: &str) -> Result<T, String> {
    let text = text.trim().trim_end_matches('%').trim();
    text.parse()
        .map_err(|_| format!("\"{text}\" is no number of {unit}; write it like 20."))
}

/// When a rule speaks, in a sentence.
#[must_use]
pub fn sentence(condition: &AlertCondition) -> String {
    let which = |cap: &Option<String>| match cap {
        Some(cap) => format!("cap \"{cap}\""),
        None => "any cap".to_owned(),
    };
    match condition {
        AlertCondition::CapShare { percents, cap } => {
            let percents: Vec<String> = percents.iter().map(|percent| format!("{percent} %")).collect();
            let own = "the cap's own notices";
            if percents.is_empty() {
                format!("When {} reaches {own}, once per period.", which(cap))
            } else {
                format!(
                    "When {} reaches {} or {own}, once per period.",
                    which(cap),
                    percents.join(", ")
                )
            }
        }
        AlertCondition::Forecast { cap } => {
            format!(
                "When {} is expected to be passed before its period ends, once per period.",
                which(cap)
            )
        }
        AlertCondition::SpendSpike {
            percent,
            at_least_nanousd,
        } => format!(
            "When an hour costs more than {percent} % of the same hour last week, from {} on, once per hour.",
            format::money(*at_least_nanousd)
        ),
        AlertCondition::HitRateFall {
            points,
            at_least_requests,
        } => format!(
            "When an hour's hit rate is {points} points below the last 7 days, from {} requests on, once per day.",
            format::count(*at_least_requests)
        ),
        AlertCondition::ErrorRate {
            percent,
            at_least_requests,
        } => format!(
            "When {percent} % of an hour's requests fail, from {} requests on, once per hour.",
            format::count(*at_least_requests)
        ),
        AlertCondition::UnknownPrice => {
            "When requests are charged at an assumed price, once per model and day.".to_owned()
        }
        AlertCondition::BreakerOpen => {
            "When a model keeps failing and is not called for a while, once per model and hour.".to_owned()
        }
        AlertCondition::LedgerDiffers => {
            "When a sum over the ledger is not what its balance says, looked at every hour, once per cap and day."
                .to_owned()
        }
        AlertCondition::DiskLow { percent_free } => {
            format!("When less than {percent_free} % of the database's disk are free, once per day.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AlertCondition, KINDS, RuleText, sentence};
    use weir_contract::model::alert::usual_rules;

    #[test]
    fn every_usual_rule_survives_its_form_and_has_a_sentence() {
        for rule in usual_rules(&["ops".to_owned()]) {
            let text = RuleText::of(&rule);
            assert_eq!(text.read(), Ok(rule.clone()));
            assert!(KINDS.iter().any(|(kind, _)| *kind == text.kind), "{}", text.kind);
            assert!(
                sentence(&rule.condition).contains("once per"),
                "{}",
                sentence(&rule.condition)
            );
        }
    }

    #[test]
    fn what_a_new_rule_begins_with_is_sound() {
        for (kind, _) in KINDS {
            let (number, at_least) = RuleText::usual(kind);
            let text = RuleText {
                name: "new".into(),
                kind: kind.into(),
                number: number.into(),
                at_least: at_least.into(),
                ..RuleText::default()
            };
            assert_eq!(text.read().unwrap().condition.kind(), kind);
        }
    }

    #[test]
    fn wrong_numbers_say_what_to_write() {
        let text = RuleText {
            name: "a".into(),
            kind: "cap_share".into(),
            number: "50, eighty".into(),
            ..RuleText::default()
        };
        assert!(text.read().unwrap_err().contains("eighty"));
        let text = RuleText {
            name: "A b".into(),
            ..text
        };
        assert!(text.read().unwrap_err().contains("lower-case"));
        let wild = RuleText {
            name: "a".into(),
            number: "101".into(),
            ..text
        };
        assert!(wild.read().unwrap_err().contains("101 is not between"));
        let all = AlertCondition::CapShare {
            percents: Vec::new(),
            cap: None,
        };
        assert!(sentence(&all).contains("any cap reaches the cap's own notices"));
    }
}
