//! The forms as plain data, and rules in words.

use crate::{components::badge::Tone, format};
use weir_contract::{
    NanoUsd,
    model::{
        alert::{AlertChannel, AlertCondition, AlertRule, ChannelTarget, DeliveryState, MailSecurity},
        catalog::KeySource,
    },
};

/// Key and word of every condition.
pub const KINDS: [(&str, &str); 8] = [
    ("cap_share", "Spend reaches a share of a cap"),
    ("forecast", "The forecast passes a cap"),
    ("spend_spike", "Spend spikes against last week"),
    ("hit_rate_fall", "The cache's hit rate falls"),
    ("error_rate", "Requests fail"),
    ("unknown_price", "A price is unknown"),
    ("breaker_open", "A breaker is open"),
    ("disk_low", "The disk is nearly full"),
];

/// Key and word of every kind of channel.
pub const TARGETS: [(&str, &str); 4] = [
    ("desktop", "Desktop notification"),
    ("slack", "Slack or compatible"),
    ("webhook", "Signed webhook"),
    ("email", "E-mail"),
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
            AlertCondition::UnknownPrice | AlertCondition::BreakerOpen => Default::default(),
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

fn short_name(text: &str) -> Result<String, String> {
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

fn whole<T: std::str::FromStr>(text: &str, unit: &str) -> Result<T, String> {
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
        AlertCondition::DiskLow { percent_free } => {
            format!("When less than {percent_free} % of the database's disk are free, once per day.")
        }
    }
}

/// How a delivery stands, as word and tone.
#[must_use]
pub fn outcome(state: DeliveryState, attempts: u32) -> (&'static str, Tone) {
    match state {
        DeliveryState::Delivered => ("delivered", Tone::Good),
        DeliveryState::Waiting if attempts == 0 => ("waiting", Tone::Neutral),
        DeliveryState::Waiting => ("trying again", Tone::Warn),
        DeliveryState::GivenUp => ("given up", Tone::Bad),
        DeliveryState::Skipped => ("not sent", Tone::Neutral),
    }
}

/// A channel's form as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelText {
    pub name: String,
    pub kind: String,
    pub url: String,
    pub host: String,
    pub port: String,
    pub security: String,
    pub user: String,
    pub from: String,
    pub to: String,
    /// `keychain` or `env`.
    pub source: String,
    pub variable: String,
    pub enabled: bool,
}

impl ChannelText {
    /// As the form shows a channel.
    #[must_use]
    pub fn of(channel: &AlertChannel) -> ChannelText {
        let mut text = ChannelText {
            name: channel.name.clone(),
            kind: channel.target.kind().to_owned(),
            security: "start_tls".to_owned(),
            port: "587".to_owned(),
            source: "keychain".to_owned(),
            enabled: channel.enabled,
            ..ChannelText::default()
        };
        if let KeySource::Env(variable) = channel.target.secret() {
            text.source = "env".to_owned();
            text.variable.clone_from(variable);
        }
        match &channel.target {
            ChannelTarget::Desktop | ChannelTarget::Slack { .. } => {}
            ChannelTarget::Webhook { url, .. } => text.url.clone_from(url),
            ChannelTarget::Email {
                host,
                port,
                security,
                user,
                from,
                to,
                ..
            } => {
                text.host.clone_from(host);
                text.port = port.to_string();
                text.security = match security {
                    MailSecurity::Tls => "tls",
                    MailSecurity::StartTls => "start_tls",
                    MailSecurity::None => "none",
                }
                .to_owned();
                text.user.clone_from(user);
                text.from.clone_from(from);
                text.to = to.join(", ");
            }
        }
        text
    }

    /// Reads the form.
    ///
    /// # Errors
    /// The first thing that is wrong, and how to correct it.
    pub fn read(&self) -> Result<AlertChannel, String> {
        let name = short_name(&self.name)?;
        let secret = match self.source.as_str() {
            "env" => KeySource::Env(self.variable.trim().to_owned()),
            _ => KeySource::Keychain(String::new()),
        };
        let target = match self.kind.as_str() {
            "slack" => ChannelTarget::Slack { url: secret },
            "webhook" => ChannelTarget::Webhook {
                url: self.url.trim().to_owned(),
                secret,
            },
            "email" => self.email(secret)?,
            _ => ChannelTarget::Desktop,
        };
        Ok(AlertChannel {
            name,
            target,
            enabled: self.enabled,
        })
    }

    fn email(&self, secret: KeySource) -> Result<ChannelTarget, String> {
        let user = self.user.trim().to_owned();
        let to = self.to.split([',', ' ', ';']).filter(|one| !one.is_empty());
        Ok(ChannelTarget::Email {
            host: self.host.trim().to_owned(),
            port: whole(&self.port, "a port")?,
            security: match self.security.as_str() {
                "tls" => MailSecurity::Tls,
                "none" => MailSecurity::None,
                _ => MailSecurity::StartTls,
            },
            password: if user.is_empty() { KeySource::None } else { secret },
            user,
            from: self.from.trim().to_owned(),
            to: to.map(str::to_owned).collect(),
        })
    }
}

/// Where a channel leads, without anything secret.
#[must_use]
pub fn leads_to(target: &ChannelTarget, secret_ending: &str) -> String {
    match target {
        ChannelTarget::Desktop => {
            "Notifications of the operating system, while this window is open.".to_owned()
        }
        ChannelTarget::Slack { .. } if secret_ending.is_empty() => "An incoming webhook.".to_owned(),
        ChannelTarget::Slack { .. } => {
            format!("An incoming webhook, its address ending in …{secret_ending}.")
        }
        ChannelTarget::Webhook { url, .. } => format::visible(url),
        ChannelTarget::Email { host, port, to, .. } => {
            format::visible(&format!("{} by {host}:{port}", to.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AlertChannel, AlertCondition, ChannelTarget, ChannelText, KINDS, KeySource, RuleText, sentence,
    };
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

    #[test]
    fn channels_survive_their_form() {
        let channel = AlertChannel {
            name: "hook".into(),
            target: ChannelTarget::Webhook {
                url: "https://a.example/x".into(),
                secret: KeySource::Env("WEIR_ALERT_A".into()),
            },
            enabled: true,
        };
        assert_eq!(ChannelText::of(&channel).read(), Ok(channel.clone()));
        let mail = ChannelText {
            kind: "email".into(),
            host: "smtp.example.com".into(),
            port: "465".into(),
            security: "tls".into(),
            from: "a@example.com".into(),
            to: "b@example.com, c@example.com".into(),
            ..ChannelText::of(&channel)
        };
        let read = mail.read().unwrap();
        assert_eq!(read.target.secret(), &KeySource::None, "no user, no password");
        assert_eq!(ChannelText::of(&read).read(), Ok(read));
    }
}
