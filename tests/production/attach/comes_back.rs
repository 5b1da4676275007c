//! A network that goes: the window says since when, comes back by itself within five seconds, and repeats nothing.

use super::{Shifted, call, cap, connected, until};
use crate::wire::{Weather, Wire};
use serde_json::json;
use std::time::Duration;
use support::roles::set_up;
use weir_contract::ErrorCode;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_comes_back_within_five_seconds_and_repeats_nothing() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let window = connected(&wire, &database, Shifted::new()).await;
    for weather in [Weather::Refusing, Weather::Silent] {
        window.unlock("acme-eu", 5, "").await.unwrap();
        let before = window.state();
        wire.becomes(weather);
        // A change that is on its way when the network goes.
        let on_its_way = call(&window, "caps.save", cap(1_000_000_000, 0));
        let noticed = until(Duration::from_secs(5), async || window.state().lost.is_some());
        let (saved, noticed) =
            tokio::join!(tokio::time::timeout(Duration::from_secs(8), on_its_way), noticed);
        assert!(!matches!(saved, Ok(Ok(_))), "{weather:?}");
        let away = window.state();
        assert!(away.as_of_ms >= before.as_of_ms);
        assert!(away.unlocked_until_ms.is_none(), "a lost window is locked");
        let refused = call(&window, "caps.list", json!({})).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(
            window.state().lost.is_some_and(|lost| lost.attempt > 0),
            "it tries again and again"
        );
        assert!(window.state().as_of_ms <= away.as_of_ms + 1);

        wire.becomes(Weather::Fine);
        let back = until(Duration::from_secs(5), async || window.state().lost.is_none()).await;
        eprintln!("{weather:?}: noticed after {noticed:?}, back after {back:?}");
        // The first answers come at once, not only when a stale connection has given up.
        let listed = tokio::time::timeout(Duration::from_secs(2), call(&window, "caps.list", json!({})));
        listed.await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(
            database.sql("SELECT count(*) FROM weir.config_changes"),
            "0",
            "{weather:?}: nothing that was said to have failed is done later"
        );
    }
    window.close().await;
}

/// Twenty questions take longer there than a window next to its database would wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_far_away_comes_back_too() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    wire.becomes(Weather::Far);
    let window = connected(&wire, &database, Shifted::new()).await;
    // It has to know how far it is.
    let began = window.state().as_of_ms;
    until(Duration::from_secs(10), async || window.state().as_of_ms > began).await;
    wire.becomes(Weather::Refusing);
    until(Duration::from_secs(5), async || window.state().lost.is_some()).await;
    wire.becomes(Weather::Far);
    let back = until(Duration::from_secs(20), async || window.state().lost.is_none()).await;
    eprintln!("back after {back:?}");
    window.close().await;
}
