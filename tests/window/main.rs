//! Journeys through the real window, as a person would take them.
#![cfg(target_os = "linux")]

mod every_page;
mod first_call;

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
