//! A signed webhook, as Standard Webhooks 1.0 says.

use super::{post::post, send::Outcome};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use weir_contract::model::alert::AlertEvent;
use weir_engine::alert::{
    address,
    signature::{sign, timestamp},
};

/// `now_ms` is the attempt's own time, so that a late attempt is not taken for a replay; `id` stays the same.
pub(super) async fn send(
    client: &reqwest::Client,
    url: &str,
    secret: &SecretString,
    id: &str,
    now_ms: i64,
    event: &AlertEvent,
) -> Outcome {
    let url = match address::read(url) {
        Ok(url) => url,
        Err(problem) => return Outcome::GivenUp(format!("the address {problem}")),
    };
    let body = body(event).to_string();
    let timestamp_s = now_ms.div_euclid(1_000);
    let signature = match sign(secret.expose_secret(), id, timestamp_s, body.as_bytes()) {
        Ok(signature) => signature,
        Err(problem) => return Outcome::GivenUp(problem.to_string()),
    };
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp_s.to_string())
        .header("webhook-signature", signature)
        .body(body);
    post(request).await
}

fn body(event: &AlertEvent) -> Value {
    json!({
        "type": if event.kind == "test" { "alert.test" } else { "alert.raised" },
        "timestamp": timestamp(event.raised_ms),
        "data": {
            "id": event.id,
            "rule": event.rule,
            "kind": event.kind,
            "subject": event.subject,
            "title": event.title,
            "message": event.message,
            "window_start_ms": event.window_start_ms,
            "raised_ms": event.raised_ms,
        },
    })
}
