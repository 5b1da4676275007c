//! Whom alerts are told to. Secrets are named here, never held.

use super::Delivery;
use crate::model::catalog::{KeySource, KeyStatus};
use serde::{Deserialize, Serialize};

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte, usually port 465.
    Tls,
    /// TLS asked for before anything else, usually port 587; without it nothing is sent.
    StartTls,
    /// No protection; only to this computer.
    None,
}

/// Where a channel leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChannelTarget {
    /// A notification of the operating system, by Weir's window.
    Desktop,
    /// An incoming webhook as Slack has it, and Mattermost, Rocket.Chat and others. The address is itself the secret.
    Slack { url: KeySource },
    /// A webhook signed as by Standard Webhooks 1.0 with a `whsec_` secret.
    Webhook { url: String, secret: KeySource },
    /// E-mail by SMTP.
    Email {
        host: String,
        port: u16,
        security: MailSecurity,
        /// Empty where the server asks for no name.
        user: String,
        password: KeySource,
        from: String,
        to: Vec<String>,
    },
}

impl ChannelTarget {
    /// As in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            ChannelTarget::Desktop => "desktop",
            ChannelTarget::Slack { .. } => "slack",
            ChannelTarget::Webhook { .. } => "webhook",
            ChannelTarget::Email { .. } => "email",
        }
    }
    /// Where its secret is read from.
    #[must_use]
    pub fn secret(&self) -> &KeySource {
        match self {
            ChannelTarget::Desktop => &KeySource::None,
            ChannelTarget::Slack { url } => url,
            ChannelTarget::Webhook { secret, .. } => secret,
            ChannelTarget::Email { password, .. } => password,
        }
    }
    /// The same with its secret read from elsewhere.
    #[must_use]
    pub fn with_secret(mut self, source: KeySource) -> ChannelTarget {
        match &mut self {
            ChannelTarget::Desktop => {}
            ChannelTarget::Slack { url } => *url = source,
            ChannelTarget::Webhook { secret, .. } => *secret = source,
            ChannelTarget::Email { password, .. } => *password = source,
        }
        self
    }
}

/// A channel as an admin writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertChannel {
    /// Short name, unique: `ops-slack`.
    pub name: String,
    pub target: ChannelTarget,
    pub enabled: bool,
}

/// A channel with how it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelState {
    pub channel: AlertChannel,
    pub version: i64,
    pub secret_status: KeyStatus,
    /// The last characters of an address that is a secret, to tell two apart; else empty.
    pub secret_ending: String,
    /// Told nothing until then; none when it is not snoozed.
    pub snoozed_until_ms: Option<i64>,
    /// The newest delivery.
    pub last: Option<Delivery>,
}

/// How a test of a channel ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTest {
    pub ok: bool,
    /// What the other side said, or what failed and what to do.
    pub message: String,
}
