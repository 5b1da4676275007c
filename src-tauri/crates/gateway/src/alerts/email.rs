//! E-mail by SMTP, with TLS by rustls.

use super::send::Outcome;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{self, authentication::Credentials},
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use weir_contract::model::alert::{AlertEvent, ChannelTarget, MailSecurity};
use weir_engine::provider::base_url::is_forbidden;

/// For each step of the conversation with the server.
const STEP: Duration = Duration::from_secs(10);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

pub(super) async fn send(
    target: &ChannelTarget,
    password: Option<&SecretString>,
    id: &str,
    event: &AlertEvent,
) -> Outcome {
    let ChannelTarget::Email {
        host,
        port,
        security,
        user,
        from,
        to,
        ..
    } = target
    else {
        return Outcome::GivenUp("the channel is not an e-mail channel".to_owned());
    };
    let message = match compose(from, to, id, event) {
        Ok(message) => message,
        Err(problem) => return Outcome::GivenUp(problem),
    };
    if let Some(refused) = leads_astray(host, *port).await {
        return refused;
    }
    let builder = match security {
        MailSecurity::Tls => Transport::relay(host),
        MailSecurity::StartTls => Transport::starttls_relay(host),
        MailSecurity::None => Ok(Transport::builder_dangerous(host)),
    };
    let mut builder = match builder {
        Ok(builder) => builder.port(*port).timeout(Some(STEP)),
        Err(problem) => return Outcome::GivenUp(format!("TLS cannot be used: {problem}")),
    };
    if !user.is_empty() {
        let password = password.map(ExposeSecret::expose_secret).unwrap_or_default();
        builder = builder.credentials(Credentials::new(user.clone(), password.to_owned()));
    }
    match builder.build().send(message).await {
        Ok(answer) => Outcome::Taken(format!("the mail server took it ({})", answer.code())),
        Err(problem) => failed(&problem),
    }
}

/// Names are resolved here too, so that one cannot lead to a metadata service.
async fn leads_astray(host: &str, port: u16) -> Option<Outcome> {
    match tokio::net::lookup_host((host, port)).await {
        Err(problem) => Some(Outcome::TryAgain {
            note: format!("the mail server's name could not be resolved: {problem}"),
            wish_ms: None,
        }),
        Ok(mut found) => found.any(|address| is_forbidden(address.ip())).then(|| {
            Outcome::GivenUp(
                "the mail server's name leads to a link-local or metadata address, which is never called"
                    .to_owned(),
            )
        }),
    }
}

fn compose(from: &str, to: &[String], id: &str, event: &AlertEvent) -> Result<Message, String> {
    let mailbox = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|problem| format!("{text:?} is no mail address: {problem}"))
    };
    let mut builder = Message::builder()
        .from(mailbox(from)?)
        .subject(format!("Weir: {}", event.title))
        // The same when it is tried again, so that mail programs show it once.
        .message_id(Some(format!("<{id}@weir.invalid>")));
    for one in to {
        builder = builder.to(mailbox(one)?);
    }
    let text = format!("{}\n\n{}\n", event.title, event.message);
    builder
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|problem| format!("the mail could not be written: {problem}"))
}

/// What the server has decided (5xx: the password, an address) is not tried again.
fn failed(problem: &smtp::Error) -> Outcome {
    let note = format!("the mail was not taken: {}", with_cause(problem));
    if problem.is_permanent() {
        return Outcome::GivenUp(format!("{note}; check user, password and addresses"));
    }
    Outcome::TryAgain { note, wish_ms: None }
}

fn with_cause(problem: &smtp::Error) -> String {
    match std::error::Error::source(problem) {
        Some(cause) => format!("{problem} ({cause})"),
        None => problem.to_string(),
    }
}
