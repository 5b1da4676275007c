//! Alerts from the outside: who is told, once, how often it is tried, and what the history says.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use support::{
    eventually,
    mail::{MailFault, MailServer},
    receiver::{Received, Receiver},
    stage::{Stage, admin, configuration, options},
};
use tempfile::TempDir;
use weir_contract::{
    command::{
        alerts::{AlertsDelete, AlertsHistory, AlertsList, AlertsPreview, AlertsSave, AlertsSnooze},
        caps::CapsList,
        channels::{ChannelsList, ChannelsSave, ChannelsTest},
    },
    model::{
        alert::{
            AlertChannel, AlertCondition, AlertEvent, AlertRule, ChannelTarget, Delivery, DeliveryState,
            MailSecurity, SnoozeOf,
        },
        catalog::{KeySource, KeyStatus},
    },
};
use weir_gateway::{bootstrap::start_gateway, config::Environment, running::RunningGateway};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGNING_KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PASSWORD: &str = "correct horse battery staple";

/// A gateway on this folder's database that knows these secrets, without the usual rules.
async fn gateway(folder: &TempDir, slack: &str) -> RunningGateway {
    let url = format!("sqlite://{}", folder.path().join("weir.db").display());
    let mut start = options(&configuration("http://127.0.0.1:9", ""), &url);
    let pairs = [
        ("WEIR_ALERT_SIGNING", SIGNING),
        ("WEIR_ALERT_SLACK", slack),
        ("WEIR_ALERT_MAIL", PASSWORD),
    ];
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    start.secrets = Arc::new(Environment::from_pairs(pairs));
    let gateway = start_gateway(start)
        .await
        .unwrap_or_else(|problem| panic!("{problem}"));
    for state in admin(&gateway, AlertsList {}).await.unwrap() {
        let doomed = AlertsDelete {
            name: state.rule.name,
            expected_version: state.version,
        };
        admin(&gateway, doomed).await.unwrap();
    }
    gateway
}

fn env(name: &str) -> KeySource {
    KeySource::Env(name.to_owned())
}

async fn add_channel(gateway: &RunningGateway, name: &str, target: ChannelTarget) {
    let channel = AlertChannel {
        name: name.to_owned(),
        target,
        enabled: true,
    };
    let command = ChannelsSave {
        channel,
        expected_version: 0,
    };
    admin(gateway, command)
        .await
        .unwrap_or_else(|problem| panic!("{problem}"));
}

/// A rule that is always true: no disk is wholly free.
fn always(channels: &[&str]) -> AlertRule {
    AlertRule {
        name: "always".to_owned(),
        condition: AlertCondition::DiskLow { percent_free: 100 },
        channels: channels.iter().map(|name| (*name).to_owned()).collect(),
        enabled: true,
    }
}

async fn add_rule(gateway: &RunningGateway, rule: AlertRule) {
    let command = AlertsSave {
        rule,
        expected_version: 0,
    };
    admin(gateway, command)
        .await
        .unwrap_or_else(|problem| panic!("{problem}"));
}

async fn history(gateway: &RunningGateway) -> Vec<AlertEvent> {
    let command = AlertsHistory {
        before_id: None,
        limit: 200,
    };
    let mut events = admin(gateway, command).await.unwrap();
    // The usual rules are there for a moment, and the disk of the machine that runs this may really be full.
    events.retain(|event| event.rule != "disk-low");
    events
}

/// The delivery to this channel once it stands like this.
async fn delivery(gateway: &RunningGateway, channel: &str, wanted: DeliveryState) -> Delivery {
    eventually(&format!("{channel} to be {wanted:?}"), || async {
        let events = history(gateway).await;
        let mut deliveries = events.into_iter().flat_map(|event| event.deliveries);
        deliveries.find(|one| one.channel == channel && one.state == wanted)
    })
    .await
}

/// HMAC-SHA256 by its definition, so that the signature is not checked by the code that made it.
fn signature(key: &[u8], message: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize();
    format!("v1,{}", STANDARD.encode(outer))
}

fn verify(request: &Received) -> Value {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"))
            .clone()
    };
    let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
    let now_ms = weir_engine::clock::Clock::now_ms(&weir_engine::clock::SystemClock::new());
    assert!((now_ms / 1_000 - timestamp).abs() < 60, "{timestamp}");
    let mut signed = format!("{}.{timestamp}.", header("webhook-id")).into_bytes();
    signed.extend_from_slice(&request.body);
    let key = STANDARD.decode(SIGNING_KEY).unwrap();
    assert_eq!(header("webhook-signature"), signature(&key, &signed));
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_is_tried_again_until_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&["500 Internal Server Error", "503 Service Unavailable"]).await;
    let gateway = gateway(&folder, "https://127.0.0.1/none").await;
    let target = ChannelTarget::Webhook {
        url: receiver.url("/hook?team=ops"),
        secret: env("WEIR_ALERT_SIGNING"),
    };
    add_channel(&gateway, "hook", target).await;
    add_rule(&gateway, always(&["hook"])).await;
    let done = delivery(&gateway, "hook", DeliveryState::Delivered).await;
    assert_eq!((done.attempts, done.note.as_str()), (3, "answered 200"));

    let received = receiver.received();
    assert_eq!(received.len(), 3);
    for request in &received {
        let body = verify(request);
        assert_eq!(request.path, "/hook?team=ops");
        assert_eq!(body["type"], "alert.raised");
        assert_eq!(body["data"]["rule"], "always");
        let message = body["data"]["message"].as_str().unwrap();
        for part in ["are free", "still served", "Free some space"] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(
            request.headers["webhook-id"], received[0].headers["webhook-id"],
            "a receiver can drop what it had already"
        );
    }
    gateway.stop().await;
    for name in ["weir.db", "weir.db-wal"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        let found = bytes
            .windows(SIGNING_KEY.len())
            .any(|part| part == SIGNING_KEY.as_bytes());
        assert!(!found, "the secret stands in {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_on_one_file_tell_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(&[]).await;
    let slack = receiver.url("/services/T0/B0/secret-part");
    let one = gateway(&folder, &slack).await;
    let other = gateway(&folder, &slack).await;
    let target = ChannelTarget::Slack {
        url: env("WEIR_ALERT_SLACK"),
    };
    add_channel(&one, "slack", target).await;
    add_rule(&one, always(&["slack"])).await;
    delivery(&other, "slack", DeliveryState::Delivered).await;
    // Both look at everything every ten seconds; after eleven each has seen it.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let received = receiver.received();
    assert_eq!(received.len(), 1, "once per window");
    let body: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert!(
        body["text"].as_str().unwrap().starts_with("*The database's disk"),
        "{body}"
    );
    assert_eq!(body["blocks"][0]["type"], "header");

    let events = history(&one).await;
    assert_eq!(events.len(), 1);
    let listed = admin(&other, ChannelsList {}).await.unwrap();
    assert_eq!(listed[0].secret_status, KeyStatus::Present);
    assert_eq!(listed[0].secret_ending, "part", "the address shows its end alone");
    let told = serde_json::to_string(&(listed, events)).unwrap();
    assert!(
        !told.contains("secret-part") && !told.contains("/services"),
        "{told}"
    );
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_channel_stops_no_other_and_the_history_says_what_became_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = Receiver::start(&["404 Not Found"]).await;
    let trap = Receiver::start(&[]).await;
    let redirect = format!("302 Found\r\nlocation: {}", trap.url("/stolen"));
    let redirecting = Receiver::start(&[&redirect]).await;
    let gateway = gateway(&folder, &refusing.url("/services/gone")).await;
    let webhook = |url: String| ChannelTarget::Webhook {
        url,
        secret: env("WEIR_ALERT_SIGNING"),
    };
    add_channel(
        &gateway,
        "gone",
        ChannelTarget::Slack {
            url: env("WEIR_ALERT_SLACK"),
        },
    )
    .await;
    // Nobody listens there. Another port is another place, so the variable is not lent to it.
    let elsewhere = ChannelsSave {
        channel: AlertChannel {
            name: "dead".into(),
            target: webhook("http://127.0.0.1:1/x".into()),
            enabled: true,
        },
        expected_version: 0,
    };
    add_channel(&gateway, "moved", webhook(redirecting.url("/x"))).await;
    let refused = admin(&gateway, elsewhere.clone()).await.unwrap_err();
    assert!(refused.message.contains("leads elsewhere"), "{refused}");
    let mut keychain = elsewhere;
    keychain.channel.target = keychain
        .channel
        .target
        .with_secret(KeySource::Keychain(String::new()));
    admin(&gateway, keychain).await.unwrap();
    add_channel(&gateway, "window", ChannelTarget::Desktop).await;
    add_rule(&gateway, always(&["gone", "moved", "dead", "window"])).await;

    let gone = delivery(&gateway, "gone", DeliveryState::GivenUp).await;
    assert!(gone.note.contains("404") && gone.attempts == 1, "{gone:?}");
    let moved = delivery(&gateway, "moved", DeliveryState::GivenUp).await;
    assert!(moved.note.contains("redirects"), "{moved:?}");
    assert_eq!(trap.received().len(), 0, "no redirect is followed");
    let window = eventually("the window's channel to be tried", || async {
        let one = delivery(&gateway, "window", DeliveryState::Waiting).await;
        (!one.note.is_empty()).then_some(one)
    })
    .await;
    assert!(window.note.contains("need Weir's window"), "{window:?}");
    let dead = eventually("the dead channel to be tried", || async {
        let one = delivery(&gateway, "dead", DeliveryState::Waiting).await;
        (!one.note.is_empty()).then_some(one)
    })
    .await;
    assert!(dead.note.contains("keychain"), "{dead:?}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_sent_again_after_a_passing_fault_and_not_after_a_lasting_one() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(&folder, "https://127.0.0.1/none").await;
    let later = MailServer::start(&[MailFault::Later]).await;
    let hangs_up = MailServer::start(&[MailFault::HangsUp]).await;
    let refuses = MailServer::start(&[MailFault::WrongPassword; 9]).await;
    let plain = MailServer::start(&[]).await;
    let email = |server: &MailServer, with_login: bool, security: MailSecurity| ChannelTarget::Email {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        security,
        user: if with_login {
            "weir".to_owned()
        } else {
            String::new()
        },
        password: if with_login {
            env("WEIR_ALERT_MAIL")
        } else {
            KeySource::None
        },
        from: "weir@example.com".to_owned(),
        to: vec!["ops@example.com".to_owned(), "money@example.com".to_owned()],
    };
    add_channel(&gateway, "later", email(&later, false, MailSecurity::None)).await;
    add_channel(&gateway, "hangs-up", email(&hangs_up, false, MailSecurity::None)).await;
    add_channel(&gateway, "refuses", email(&refuses, true, MailSecurity::None)).await;
    add_channel(&gateway, "plain", email(&plain, false, MailSecurity::StartTls)).await;
    add_rule(&gateway, always(&["later", "hangs-up", "refuses", "plain"])).await;

    let done = delivery(&gateway, "later", DeliveryState::Delivered).await;
    assert_eq!(done.attempts, 2, "{done:?}");
    let mail = &later.taken()[0];
    assert_eq!(mail.from, "weir@example.com");
    assert_eq!(mail.to, ["ops@example.com", "money@example.com"]);
    assert!(
        mail.text
            .contains("Subject: Weir: The database's disk is nearly full"),
        "{}",
        mail.text
    );
    let done = delivery(&gateway, "hangs-up", DeliveryState::Delivered).await;
    assert_eq!(done.attempts, 2, "{done:?}");
    assert_eq!(hangs_up.taken().len(), 1);
    let given_up = delivery(&gateway, "refuses", DeliveryState::GivenUp).await;
    assert!(
        given_up.note.contains("535") && !given_up.note.contains(PASSWORD),
        "{given_up:?}"
    );
    assert_eq!(refuses.conversations(), 1, "a wrong password is not tried again");
    eventually("the server without TLS to be tried", || async {
        (plain.conversations() > 0).then_some(())
    })
    .await;
    let refused = eventually("the refusal to send without TLS", || async {
        let events = history(&gateway).await;
        let mut deliveries = events.into_iter().flat_map(|event| event.deliveries);
        deliveries.find(|one| one.channel == "plain" && !one.note.is_empty())
    })
    .await;
    assert_ne!(refused.state, DeliveryState::Delivered, "{refused:?}");
    assert_eq!(
        plain.taken().len(),
        0,
        "nothing is sent without the TLS that was asked for"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_says_what_came_of_it_and_a_snoozed_channel_hears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(&folder, "https://127.0.0.1/none").await;
    let server = MailServer::start(&[]).await;
    let target = ChannelTarget::Email {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        security: MailSecurity::None,
        user: "weir".to_owned(),
        password: env("WEIR_ALERT_MAIL"),
        from: "weir@example.com".to_owned(),
        to: vec!["ops@example.com".to_owned()],
    };
    add_channel(&gateway, "mail", target).await;
    add_channel(&gateway, "window", ChannelTarget::Desktop).await;
    let test = |name: &str| ChannelsTest {
        name: name.to_owned(),
    };
    let outcome = admin(&gateway, test("mail")).await.unwrap();
    assert!(outcome.ok, "{outcome:?}");
    assert_eq!(
        server.taken()[0].login,
        Some(("weir".to_owned(), PASSWORD.to_owned()))
    );
    let outcome = admin(&gateway, test("window")).await.unwrap();
    assert!(!outcome.ok && outcome.message.contains("window"), "{outcome:?}");
    let kept = history(&gateway).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].deliveries[0].state, DeliveryState::Delivered);
    assert_eq!(kept[0].deliveries[0].state, DeliveryState::GivenUp);

    let until_ms = weir_engine::clock::Clock::now_ms(&weir_engine::clock::SystemClock::new()) + 3_600_000;
    let snooze = AlertsSnooze {
        of: SnoozeOf::Channel,
        name: "mail".to_owned(),
        until_ms: Some(until_ms),
    };
    admin(&gateway, snooze).await.unwrap();
    add_rule(&gateway, always(&["mail"])).await;
    let skipped = delivery(&gateway, "mail", DeliveryState::Skipped).await;
    assert!(skipped.note.contains("snoozed until"), "{skipped:?}");
    assert_eq!(server.taken().len(), 1, "only the test came");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caps_notices_are_alerts_and_the_preview_says_the_same() {
    let cap = "[[caps]]\nname = \"small\"\nscope = { kind = \"global\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
               limit_nanousd = 2000000\nsteps = [{ percent = 30, action = \"notify\" }, { percent = 100, action = \"refuse\" }]\nenabled = true\n";
    let stage = Stage::open_with(cap).await;
    for number in 0..40 {
        if stage.ask("fake/nano", &format!("spend {number}")).await.status != 200 {
            break;
        }
    }
    let cap = stage.admin(CapsList {}).await.remove(0);
    let reached = |percent: &i64| cap.spent_nanousd.0 * 100 >= cap.cap.limit_nanousd.0 * percent;
    // 30 is the cap's own notice, the others are the rule's.
    let mut expected: Vec<String> = [30, 50, 80, 100]
        .into_iter()
        .filter(reached)
        .map(|percent| format!("Cap \"small\" has reached {percent} %"))
        .collect();
    expected.sort_unstable();
    assert!(expected.len() >= 2, "too little was spent: {cap:?}");
    let about_the_cap = || async {
        let events = history(&stage.gateway).await;
        let found: Vec<AlertEvent> = events
            .into_iter()
            .filter(|event| event.kind == "cap_share")
            .collect();
        (found.len() >= expected.len()).then_some(found)
    };
    let events = eventually("the cap's alerts", about_the_cap).await;
    let mut titles: Vec<&str> = events.iter().map(|event| event.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, expected);
    let states = stage.admin(AlertsList {}).await;
    let rule = states
        .into_iter()
        .find(|state| state.rule.name == "cap-share")
        .unwrap()
        .rule;
    let preview = stage.admin(AlertsPreview { rule }).await;
    assert_eq!(
        preview.would_have_fired.map(|times| times as usize),
        Some(expected.len()),
        "{preview:?}"
    );
    assert_eq!(
        json!(events[0].deliveries),
        json!([]),
        "without a channel it stands on the page"
    );
}
