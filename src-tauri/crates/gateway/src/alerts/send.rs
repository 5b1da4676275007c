//! One attempt at one channel. Secrets are read here and go no further than the connection.

use super::{
    desktop::{self, DesktopNotifier},
    email, slack, webhook,
};
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};
use weir_contract::model::{
    alert::{AlertChannel, AlertEvent, ChannelTarget},
    catalog::KeySource,
};
use weir_engine::{clock::Clock, provider::SecretSource};

/// The whole of one attempt. Below the time for which a claimed delivery is kept from others.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(20);

/// What came of an attempt. Notes never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Taken(String),
    /// May work later; `wish_ms` is what the other side asked to wait at least.
    TryAgain {
        note: String,
        wish_ms: Option<i64>,
    },
    /// It will fail again.
    GivenUp(String),
    /// It is not wanted any more.
    Skipped(String),
}

/// Sends to every kind of channel.
pub(crate) struct Sender {
    pub(crate) client: reqwest::Client,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) clock: Arc<dyn Clock>,
    /// None in a gateway without a window, and over sample data, which is nobody's alert.
    pub(crate) desktop: Option<Arc<dyn DesktopNotifier>>,
}

impl Sender {
    /// One attempt, in at most 20 seconds. `number` tells deliveries of the same event apart and stays the same when one is
    /// tried again.
    pub(crate) async fn send(&self, channel: &AlertChannel, event: &AlertEvent, number: i64) -> Outcome {
        match tokio::time::timeout(LONGEST_ATTEMPT, self.attempt(channel, event, number)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::TryAgain {
                note: format!("no answer within {} seconds", LONGEST_ATTEMPT.as_secs()),
                wish_ms: None,
            },
        }
    }

    async fn attempt(&self, channel: &AlertChannel, event: &AlertEvent, number: i64) -> Outcome {
        let target = &channel.target;
        let secret = match target.secret() {
            KeySource::None => None,
            source => match self.secret(source.clone()).await {
                Some(secret) => Some(secret),
                None => return missing(source),
            },
        };
        // Stable when it is tried again, so that a receiver can drop what it had already.
        let id = format!("weir-{}-{}-{number}", event.raised_ms, event.id);
        match (target, secret) {
            (ChannelTarget::Desktop, _) => desktop::send(self.desktop.as_ref(), event).await,
            (ChannelTarget::Slack { .. }, Some(url)) => slack::send(&self.client, &url, event).await,
            (ChannelTarget::Webhook { url, .. }, Some(secret)) => {
                let now_ms = self.clock.now_ms();
                webhook::send(&self.client, url, &secret, &id, now_ms, event).await
            }
            (ChannelTarget::Email { .. }, password) => {
                email::send(target, password.as_ref(), &id, event).await
            }
            (ChannelTarget::Slack { .. } | ChannelTarget::Webhook { .. }, None) => {
                Outcome::GivenUp("the channel names no secret; save it again".to_owned())
            }
        }
    }

    /// Reads a secret away from the runtime's threads: a locked keychain waits for a person.
    async fn secret(&self, source: KeySource) -> Option<SecretString> {
        let secrets = self.secrets.clone();
        tokio::task::spawn_blocking(move || secrets.secret(&source))
            .await
            .ok()
            .flatten()
    }
}

fn missing(source: &KeySource) -> Outcome {
    let note = match source {
        KeySource::Env(variable) => {
            format!("the environment variable {variable} is not set; set it and start the gateway again")
        }
        _ => "the channel's secret is not in the keychain of this computer; enter it on the alerts page"
            .to_owned(),
    };
    Outcome::TryAgain { note, wish_ms: None }
}
