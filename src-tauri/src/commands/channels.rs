//! The page's commands on where alerts go. A channel's secret goes in here and never comes out to the page.

use crate::{asking::Asking, profile::on_thread};
use secrecy::SecretString;
use weir_contract::{
    ApiError, ErrorCode,
    command::channels::{ChannelsDelete, ChannelsList, ChannelsSave, ChannelsSetSecret, ChannelsTest},
    model::{
        alert::{ChannelState, ChannelTarget, ChannelTest},
        catalog::KeySource,
    },
};

/// Longer than any address, signing secret or password.
const LONGEST_SECRET_BYTES: usize = 4096;

/// `channels.list`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn channels_list(asking: Asking, args: ChannelsList) -> Result<Vec<ChannelState>, ApiError> {
    asking.call(args).await
}

/// `channels.save`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn channels_save(asking: Asking, args: ChannelsSave) -> Result<ChannelState, ApiError> {
    asking.call(args).await
}

/// `channels.delete`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn channels_delete(asking: Asking, args: ChannelsDelete) -> Result<(), ApiError> {
    asking.call(args).await
}

/// `channels.test`.
///
/// # Errors
/// The operation's own.
#[tauri::command]
pub async fn channels_test(asking: Asking, args: ChannelsTest) -> Result<ChannelTest, ApiError> {
    asking.call(args).await
}

/// `channels.set_secret`: fills the entry that the channel itself names, so that what is stored here is what it reads.
///
/// # Errors
/// `invalid_argument` for an empty or unusable secret, or a channel that takes none from the keychain; `not_found` for an
/// unknown channel.
#[tauri::command]
pub async fn channels_set_secret(asking: Asking, args: ChannelsSetSecret) -> Result<(), ApiError> {
    let ChannelsSetSecret { channel, secret } = args;
    let secret = secret.reveal().trim();
    let channels = asking.call(ChannelsList {}).await?;
    let found = channels.iter().find(|state| state.channel.name == channel);
    let target = found.map(|state| &state.channel.target).ok_or_else(|| {
        ApiError::new(
            ErrorCode::NotFound,
            "There is no channel of this name: save the channel first, then its secret.",
        )
    })?;
    check(target, secret)?;
    let KeySource::Keychain(entry) = target.secret().clone() else {
        return Err(ApiError::invalid(format!(
            "{channel} takes no secret from the keychain. Edit the channel if it should."
        )));
    };
    let (store, secret) = (asking.local()?.secrets(), SecretString::from(secret));
    on_thread(move || store.set(&entry, secret)).await?;
    Ok(())
}

fn check(target: &ChannelTarget, secret: &str) -> Result<(), ApiError> {
    if secret.is_empty() || secret.len() > LONGEST_SECRET_BYTES || secret.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "The secret is empty, too long, or has line breaks in it: copy it whole.",
        ));
    }
    match target {
        ChannelTarget::Slack { .. } if !secret.starts_with("https://") && !secret.starts_with("http://") => {
            Err(ApiError::invalid(
                "This is not the address of an incoming webhook; it begins with https://.",
            ))
        }
        ChannelTarget::Webhook { .. } if !secret.starts_with("whsec_") => Err(ApiError::invalid(
            "This is not a signing secret; it begins with whsec_. Copy it from the receiver.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelTarget, KeySource, check};

    #[test]
    fn a_secret_must_fit_its_channel_and_is_never_repeated() {
        let slack = ChannelTarget::Slack {
            url: KeySource::Keychain("alert:a@slack".into()),
        };
        let webhook = ChannelTarget::Webhook {
            url: "https://a.example".into(),
            secret: KeySource::Keychain("alert:b@https://a.example".into()),
        };
        assert!(check(&slack, "https://hooks.slack.com/services/T/B/x").is_ok());
        assert!(check(&webhook, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_ok());
        for (target, secret) in [(&slack, "xoxb-1"), (&webhook, "abc1"), (&slack, "https://a\nb1")] {
            let problem = check(target, secret).unwrap_err();
            assert!(!problem.message.contains(secret), "{problem}");
        }
        assert!(check(&slack, "").is_err());
    }
}
