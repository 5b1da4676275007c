//! `channels.save`: creates a channel or replaces the version named.

use super::{KIND, binding, list};
use crate::{Admin, check, config};
use std::net::IpAddr;
use weir_contract::{
    ApiError, ErrorCode,
    command::channels::{ChannelsList, ChannelsSave},
    model::alert::{AlertChannel, ChannelState, ChannelTarget, MailSecurity},
};
use weir_engine::{alert::address, provider::base_url::is_forbidden};

/// Most addressees of one channel.
const MOST_ADDRESSEES: usize = 20;

/// Saves the channel. A stored secret stays only while the channel leads to the same place.
///
/// # Errors
/// `InvalidArgument` naming the field, `Conflict` when somebody changed it first, failures of the database.
pub async fn save(admin: &Admin, command: ChannelsSave) -> Result<ChannelState, ApiError> {
    let mut channel = command.channel;
    check::name("channel.name", &channel.name)?;
    check_target(&channel.target)?;
    let known = config::all::<AlertChannel>(admin, KIND).await?;
    let known: Vec<AlertChannel> = known.into_iter().map(|stored| stored.value).collect();
    let source = binding::bind(&channel, &known)?;
    channel.target = channel.target.with_secret(source);
    let name = channel.name.clone();
    config::save(admin, KIND, &name, &channel, command.expected_version).await?;
    let states = list(admin, ChannelsList {}).await?;
    let saved = states.into_iter().find(|state| state.channel.name == name);
    saved.ok_or_else(|| {
        ApiError::new(
            ErrorCode::Conflict,
            format!("channel \"{name}\" was saved, and deleted by somebody else right after"),
        )
    })
}

fn check_target(target: &ChannelTarget) -> Result<(), ApiError> {
    match target {
        ChannelTarget::Desktop | ChannelTarget::Slack { .. } => Ok(()),
        ChannelTarget::Webhook { url, .. } => address::read(url)
            .map(|_| ())
            .map_err(|problem| ApiError::invalid(format!("channel.target.url: the address {problem}"))),
        ChannelTarget::Email {
            host,
            port,
            security,
            user,
            from,
            to,
            ..
        } => {
            check_host(host, *security)?;
            if *port == 0 {
                return Err(ApiError::invalid(
                    "channel.target.port: 0 is no port; usual are 465 (TLS) and 587 (STARTTLS)",
                ));
            }
            check::line("channel.target.user", user, 256)?;
            check_mail("channel.target.from", from)?;
            if to.is_empty() || to.len() > MOST_ADDRESSEES {
                return Err(ApiError::invalid(format!(
                    "channel.target.to: name 1 to {MOST_ADDRESSEES} addresses"
                )));
            }
            to.iter().try_for_each(|one| check_mail("channel.target.to", one))
        }
    }
}

fn check_host(host: &str, security: MailSecurity) -> Result<(), ApiError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(plain) {
        return Err(ApiError::invalid(
            "channel.target.host: is no name of a mail server; write it like smtp.example.com",
        ));
    }
    let ip = host.parse::<IpAddr>().ok();
    if ip.is_some_and(is_forbidden) {
        return Err(ApiError::invalid(
            "channel.target.host: leads to a link-local or metadata address, which is never a mail server",
        ));
    }
    let is_here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    if security == MailSecurity::None && !is_here {
        return Err(ApiError::invalid(
            "channel.target.security: without TLS the mail could be read and the password stolen on the way; use tls or start_tls (none only to this computer)",
        ));
    }
    Ok(())
}

fn check_mail(field: &str, text: &str) -> Result<(), ApiError> {
    let is_plain = text.len() <= 254
        && !text
            .chars()
            .any(|letter| letter.is_control() || letter.is_whitespace());
    let parts = text.split_once('@');
    let filled =
        parts.is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if is_plain && filled {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "{field}: {text:?} is no mail address; write it like ops@example.com"
    )))
}

#[cfg(test)]
mod tests {
    use super::{ChannelTarget, MailSecurity, check_target};
    use weir_contract::model::catalog::KeySource;

    fn email(host: &str, security: MailSecurity, to: &str) -> ChannelTarget {
        ChannelTarget::Email {
            host: host.into(),
            port: 587,
            security,
            user: String::new(),
            password: KeySource::None,
            from: "weir@example.com".into(),
            to: vec![to.into()],
        }
    }

    #[test]
    fn mail_without_tls_stays_on_this_computer() {
        let to = "ops@example.com";
        assert!(check_target(&email("smtp.example.com", MailSecurity::StartTls, to)).is_ok());
        assert!(check_target(&email("127.0.0.1", MailSecurity::None, to)).is_ok());
        for (host, security, to, field) in [
            ("smtp.example.com", MailSecurity::None, to, "security"),
            ("169.254.169.254", MailSecurity::Tls, to, "host"),
            ("smtp example", MailSecurity::Tls, to, "host"),
            ("smtp.example.com", MailSecurity::Tls, "ops", "to"),
            ("smtp.example.com", MailSecurity::Tls, "a@b\r\nBcc: c@d", "to"),
        ] {
            let error = check_target(&email(host, security, to)).unwrap_err();
            assert!(
                error.message.starts_with(&format!("channel.target.{field}")),
                "{error}"
            );
        }
    }

    #[test]
    fn webhooks_lead_to_https() {
        let url = |url: &str| ChannelTarget::Webhook {
            url: url.into(),
            secret: KeySource::None,
        };
        assert!(check_target(&url("https://a.example/x?y=1")).is_ok());
        assert!(
            check_target(&url("http://a.example/x"))
                .unwrap_err()
                .message
                .contains("https://")
        );
    }
}
