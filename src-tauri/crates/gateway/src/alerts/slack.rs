//! An incoming webhook as Slack has it: `text` for notifications and older clients, `blocks` for the message.

use super::{post::post, send::Outcome};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use weir_contract::model::alert::AlertEvent;
use weir_engine::alert::address;

/// Slack's own bounds.
const LONGEST_HEADER_CHARS: usize = 150;
const LONGEST_SECTION_CHARS: usize = 3_000;

pub(super) async fn send(client: &reqwest::Client, url: &SecretString, event: &AlertEvent) -> Outcome {
    match address::read(url.expose_secret()) {
        Ok(url) => post(client.post(url).json(&body(event))).await,
        Err(problem) => Outcome::GivenUp(format!("the address {problem}; enter it again")),
    }
}

fn body(event: &AlertEvent) -> Value {
    json!({
        "text": format!("*{}*\n{}", escaped(&event.title), escaped(&event.message)),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": start(&event.title, LONGEST_HEADER_CHARS)}},
            {"type": "section", "text": {"type": "plain_text", "text": start(&event.message, LONGEST_SECTION_CHARS)}},
        ],
    })
}

/// Names of users and models come from clients; these three characters make links and mentions in Slack's markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn start(text: &str, longest_chars: usize) -> String {
    text.chars().take(longest_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::body;
    use weir_contract::model::alert::AlertEvent;

    #[test]
    fn nothing_a_client_named_becomes_a_mention() {
        let event = AlertEvent {
            id: 1,
            rule: "r".into(),
            kind: "cap_share".into(),
            subject: "s".into(),
            window_start_ms: 0,
            title: "t".repeat(400),
            message: "user \"<!channel>\" & co".into(),
            page: "budgets".into(),
            raised_ms: 0,
            deliveries: Vec::new(),
        };
        let body = body(&event);
        let text = body["text"].as_str().unwrap();
        assert!(text.ends_with("&lt;!channel&gt;\" &amp; co"), "{text}");
        assert_eq!(body["blocks"][0]["text"]["text"].as_str().unwrap().len(), 150);
        assert_eq!(
            body["blocks"][1]["text"]["type"], "plain_text",
            "not read as markup"
        );
    }
}
