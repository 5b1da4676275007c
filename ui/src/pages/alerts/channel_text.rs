//! A channel's form as plain data, and channels and their deliveries in words.

use super::rule_text::{short_name, whole};
use crate::{components::badge::Tone, format};
use weir_contract::model::{
    alert::{AlertChannel, ChannelTarget, DeliveryState, MailSecurity},
    catalog::KeySource,
};

/// Key and word of every kind of channel.
pub const TARGETS: [(&str, &str); 4] = [
    ("desktop", "Desktop notification"),
    ("slack", "Slack or compatible"),
    ("webhook", "Signed webhook"),
    ("email", "E-mail"),
];

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
    use super::{AlertChannel, ChannelTarget, ChannelText, KeySource};

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
