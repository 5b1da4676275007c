//! A channel's secret belongs to the place it was entered for. Pure; the same thought as for provider keys.
//!
//! A keychain entry is named after the channel and where it leads, by Weir and never by the caller, so nobody can have a
//! stored secret sent elsewhere. Environment variables must begin with `WEIR_ALERT_`, so that no provider's key can be
//! named, and one that is used for another place is refused.

use weir_contract::{
    ApiError,
    model::{
        alert::{AlertChannel, ChannelTarget},
        catalog::KeySource,
    },
};
use weir_engine::alert::address::origin;

const PREFIX: &str = "WEIR_ALERT_";

/// The secret's source to save for `wanted`, given all channels there are now.
///
/// # Errors
/// `InvalidArgument` for a secret that is missing, a variable of another name, or one that belongs to another place.
pub(super) fn bind(wanted: &AlertChannel, known: &[AlertChannel]) -> Result<KeySource, ApiError> {
    let place = place(&wanted.target);
    match wanted.target.secret() {
        KeySource::None => check_none(&wanted.target).map(|()| KeySource::None),
        KeySource::Keychain(_) => {
            let before = known
                .iter()
                .find(|channel| channel.name == wanted.name && self::place(&channel.target) == place);
            Ok(match before.map(|channel| channel.target.secret()) {
                Some(KeySource::Keychain(entry)) => KeySource::Keychain(entry.clone()),
                _ => KeySource::Keychain(format!("alert:{}@{place}", wanted.name)),
            })
        }
        KeySource::Env(variable) => {
            check_variable(variable)?;
            let elsewhere = known.iter().find(|channel| {
                channel.target.secret() == wanted.target.secret() && self::place(&channel.target) != place
            });
            match elsewhere {
                None => Ok(wanted.target.secret().clone()),
                Some(other) => Err(ApiError::invalid(format!(
                    "channel.target: {variable} holds the secret of channel \"{}\", which leads elsewhere; it is not used for another place. Take another variable, or the keychain",
                    other.name
                ))),
            }
        }
    }
}

/// Where the secret goes.
fn place(target: &ChannelTarget) -> String {
    match target {
        ChannelTarget::Desktop => "desktop".to_owned(),
        // The address is the secret, so it can go nowhere else.
        ChannelTarget::Slack { .. } => "slack".to_owned(),
        ChannelTarget::Webhook { url, .. } => origin(url).unwrap_or_default(),
        ChannelTarget::Email { host, port, .. } => {
            format!("smtp://{}:{port}", host.trim().to_ascii_lowercase())
        }
    }
}

fn check_none(target: &ChannelTarget) -> Result<(), ApiError> {
    let missing = match target {
        ChannelTarget::Desktop => None,
        ChannelTarget::Slack { .. } => Some("the address of the incoming webhook"),
        ChannelTarget::Webhook { .. } => Some("the `whsec_` secret that signs"),
        ChannelTarget::Email { user, .. } => (!user.is_empty()).then_some("the mail server's password"),
    };
    missing.map_or(Ok(()), |what| {
        Err(ApiError::invalid(format!(
            "channel.target: say where {what} is kept: {{\"kind\": \"keychain\", \"value\": \"\"}}, or {{\"kind\": \"env\", \"value\": \"{PREFIX}…\"}}"
        )))
    })
}

fn check_variable(variable: &str) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let named = variable.len() > PREFIX.len() && variable.starts_with(PREFIX);
    if named && variable.len() <= 100 && variable.bytes().all(plain) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "channel.target: {variable:?} is no variable of an alert's secret; its name must begin with {PREFIX} and hold only A-Z, 0-9 and \"_\""
    )))
}

#[cfg(test)]
mod tests {
    use super::{AlertChannel, ChannelTarget, KeySource, bind};

    fn webhook(name: &str, url: &str, secret: KeySource) -> AlertChannel {
        AlertChannel {
            name: name.into(),
            target: ChannelTarget::Webhook {
                url: url.into(),
                secret,
            },
            enabled: true,
        }
    }
    fn keychain(entry: &str) -> KeySource {
        KeySource::Keychain(entry.into())
    }
    fn variable(name: &str) -> KeySource {
        KeySource::Env(name.into())
    }

    #[test]
    fn the_caller_never_chooses_an_entry() {
        let theft = webhook(
            "mine",
            "https://evil.example/x",
            keychain("openai@https://api.openai.com"),
        );
        assert_eq!(
            bind(&theft, &[]).unwrap(),
            keychain("alert:mine@https://evil.example")
        );
        let before = [webhook("ops", "https://a.example/x", keychain("alert:old"))];
        let same = webhook("ops", "https://a.example/y", keychain(""));
        assert_eq!(bind(&same, &before).unwrap(), keychain("alert:old"));
        let moved = webhook("ops", "https://evil.example/y", keychain("alert:old"));
        assert_eq!(
            bind(&moved, &before).unwrap(),
            keychain("alert:ops@https://evil.example")
        );
    }

    #[test]
    fn only_variables_of_alerts_are_read_and_only_for_one_place() {
        for wrong in [
            "OPENAI_API_KEY",
            "WEIR_ALERT_",
            "PATH",
            "weir_alert_x",
            "WEIR_ALERT_A B",
        ] {
            let asked = webhook("a", "https://a.example", variable(wrong));
            assert!(bind(&asked, &[]).is_err(), "{wrong}");
        }
        let before = [webhook("a", "https://a.example", variable("WEIR_ALERT_A"))];
        assert!(
            bind(
                &webhook("b", "https://a.example/2", variable("WEIR_ALERT_A")),
                &before
            )
            .is_ok()
        );
        assert!(
            bind(
                &webhook("b", "https://evil.example", variable("WEIR_ALERT_A")),
                &before
            )
            .is_err()
        );
        assert!(
            bind(
                &webhook("a", "https://evil.example", variable("WEIR_ALERT_A")),
                &before
            )
            .is_err()
        );
        assert!(bind(&webhook("c", "https://c.example", KeySource::None), &[]).is_err());
    }
}
