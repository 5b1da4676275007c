//! Journeys through the real window, as a person would take them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "this is test code")]

mod attached;
mod every_page;
mod first_call;
#[path = "../production/fleet.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of production, which use more of it"
)]
mod fleet;
#[path = "../production/wire.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of production, which use more of it"
)]
mod wire;

use support::window::Window;

#[tokio::test]
async fn a_newcomer_looks_around_with_sample_data() {
    let window = Window::open("first-run").await;
    window.see("door-local").await;
    window.picture("doors").await;
    window.click("door-sample").await;
    let spend = window
        .read_until("kpi-spend", |text| {
            text.chars().any(|character| ('1'..='9').contains(&character))
        })
        .await;
    assert!(spend.contains('$'), "spend is money: {spend:?}");
    window.picture("overview").await;
    window.close().await;
}
