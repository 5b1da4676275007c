//! The main job in the real window: a key, a first call, a cap that holds, a cache that is cleared.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::window::Window;

/// A client of the gateway, as a program of the user's would be.
struct Caller {
    client: reqwest::Client,
    address: String,
    key: String,
}

impl Caller {
    /// Asks with the simulated provider at its fastest; the status, what the cache did, and the body.
    async fn ask(&self, text: &str) -> (u16, String, Value) {
        let answer = self
            .client
            .post(format!("{}/v1/chat/completions", self.address))
            .bearer_auth(&self.key)
            .header("x-weir-simulate", "instant,tokens=40")
            .json(&json!({"model": "auto", "messages": [{"role": "user", "content": text}]}))
            .send()
            .await
            .expect("the gateway answers");
        let status = answer.status().as_u16();
        let cache = answer
            .headers()
            .get("x-weir-cache")
            .map(|value| value.to_str().unwrap_or_default().to_owned());
        (
            status,
            cache.unwrap_or_default(),
            answer.json().await.expect("answers are JSON"),
        )
    }
}

#[tokio::test]
async fn a_newcomer_makes_the_first_call_and_holds_the_spend() {
    let window = Window::open("first-call").await;
    window.click("door-local").await;
    window.click("create-first-key").await;
    let key = window
        .read_until("first-key-secret", |text| text.starts_with("sk-weir-"))
        .await;
    let address = window
        .read_until("gateway-address", |text| text.starts_with("http://127.0.0.1:"))
        .await;
    window.picture("start").await;
    let client = weir_engine::provider::http_client().expect("a client");
    let caller = Caller { client, address, key };

    window.click("nav-requests").await;
    let (status, cache, _) = caller.ask("What is a weir?").await;
    assert_eq!((status, cache.as_str()), (200, "miss"));
    let sent = Instant::now();
    window.see("request-row").await;
    assert!(
        sent.elapsed() < Duration::from_secs(2),
        "a live request appears within 2 s, not {:?}",
        sent.elapsed()
    );
    window.picture("requests").await;

    let (_, cache, _) = caller.ask("What is a weir?").await;
    assert_eq!(cache, "response", "the same question is answered from the cache");
    window.click("nav-overview").await;
    window
        .read_until("kpi-requests", |text| text.starts_with('2'))
        .await;
    window.picture("overview").await;

    clear_the_cache(&window).await;
    let (_, cache, _) = caller.ask("What is a weir?").await;
    assert_eq!(cache, "miss", "after a clear the next call is bought again");

    lower_the_cap(&window).await;
    let lowered = Instant::now();
    let mut number = 0;
    let body = loop {
        number += 1;
        let (status, _, body) = caller.ask(&format!("And what is dam number {number}?")).await;
        if status == 429 {
            break body;
        }
        assert!(
            lowered.elapsed() < Duration::from_secs(2),
            "the lowered cap refuses within 2 s: {body}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let message = body["error"]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("global-daily") && message.contains("resets"),
        "the refusal explains itself: {message}"
    );
    window.close().await;
}

async fn clear_the_cache(window: &Window) {
    window.click("nav-cache").await;
    window.click("cache-clear-all").await;
    window.fill("cache-clear-word", "clear").await;
    window.picture("cache-clear").await;
    window.click("cache-clear-confirm").await;
    window.see_no("cache-clear-word").await;
}

async fn lower_the_cap(window: &Window) {
    window.click("nav-budgets").await;
    window.fill("cap-limit-global-daily", "0.00000001").await;
    window.click("cap-save-global-daily").await;
    // The button rests when there is nothing left to save.
    let saved = window
        .until(|| async {
            let button = window.see("cap-save-global-daily").await;
            let rests = button.attr("aria-disabled").await.ok()?;
            (rests.as_deref() == Some("true")).then_some(())
        })
        .await;
    assert!(saved.is_some(), "the cap is saved");
    window.picture("budgets").await;
}
