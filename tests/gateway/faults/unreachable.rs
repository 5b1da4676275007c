//! Providers that no connection reaches: nothing is charged, and the client is told soon.

use serde_json::json;
use std::time::{Duration, Instant};
use support::{
    stage::{Stage, chat, with},
    upstream::{Fault, Upstream},
};

/// A provider of each protocol at an address, named after it.
fn providers(name: &str, origin: &str) -> String {
    ["openai", "anthropic", "gemini"]
        .map(|protocol| {
            format!("[providers.{name}-{protocol}]\nprotocol = \"{protocol}\"\nbase_url = \"{origin}\"\nkey_env = \"FAKE_KEY\"\n")
        })
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_unknown_and_without_tls() {
    let plain = Upstream::start().await;
    let secure = plain.origin().replace("http:", "https:");
    let extra = [
        providers("refused", "http://127.0.0.1:1/v1"),
        providers("nameless", "https://nobody.invalid/v1"),
        providers("plain", &format!("{secure}/v1")),
    ]
    .concat();
    let stage = Stage::open_with(&extra).await;
    for name in ["refused", "nameless", "plain"] {
        for protocol in ["openai", "anthropic", "gemini"] {
            for stream in [false, true] {
                let model = format!("{name}-{protocol}/m");
                let body = with(chat(&model, "x"), json!({"stream": stream}));
                let started = Instant::now();
                let said = stage.send(stage.post("/v1/chat/completions", &body)).await;
                // Five seconds to connect, also where the name server is silent, and one more try.
                assert!(
                    started.elapsed() < Duration::from_secs(20),
                    "{model}: {:?}",
                    started.elapsed()
                );
                assert_eq!(said.status, 502, "{model} {stream}: {said:#?}");
                assert_eq!(said.json()["error"]["code"], "provider_failed", "{said:#?}");
                let message = said.json()["error"]["message"].to_string();
                assert!(message.contains("cannot be reached"), "{message}");
                let row = stage.detail(&said).await.row;
                assert_eq!(
                    (row.status.as_str(), row.cost_nanousd.0),
                    ("failed", 0),
                    "{model}: {row:#?}"
                );
            }
        }
    }
    assert_eq!(plain.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_reset_at_once_is_tried_again_for_nothing() {
    let stage = Stage::open().await;
    for (number, provider) in ["fake", "claude", "gem"].into_iter().enumerate() {
        for stream in [false, true] {
            stage.upstream.fail_times(Fault::ResetAtAccept, 1);
            let text = format!("{number} {stream}");
            let body = with(
                chat(&format!("{provider}/nano"), &text),
                json!({"stream": stream}),
            );
            let said = stage
                .send(stage.post("/v1/chat/completions", &body))
                .await
                .expect(200);
            assert_eq!(said.text(), format!("Echo: {text}"));
            let row = stage.detail(&said).await.row;
            assert!(row.cost_nanousd.0 > 0, "{row:#?}");
            assert_eq!(
                (row.attempts, row.cost_basis.as_str()),
                (2, "settled"),
                "{provider} {stream}"
            );
        }
    }
}
