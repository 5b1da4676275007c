//! Production from one window: four gateways share a database; an administrator tests the connection, connects, reads, unlocks,
//! lowers a cap, sees all gateways confirm it, clears answers by their intent and takes that back.

use crate::{
    fleet::{Fleet, cap},
    wire::Wire,
};
use fantoccini::Locator;
use support::{roles::set_up, window::Window};

const GATEWAYS: usize = 4;
const QUESTIONS: usize = 6;
/// 1,000 dollars, as the gateways' file has it.
const BEFORE_NANOUSD: i64 = 1_000_000_000_000;
const AFTER_NANOUSD: i64 = 250_000_000_000;
const LIMIT: &str = "SELECT (body::json->>'limit_nanousd')::bigint FROM weir.config_items WHERE kind = 'cap' AND name = 'global-daily'";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_steers_four_gateways_from_one_window() {
    let database = set_up().await;
    let url = database.url_as("weir_gateway");
    let mut fleet = Fleet::start_on(database, url, GATEWAYS, &cap(BEFORE_NANOUSD)).await;
    for number in 0..QUESTIONS * GATEWAYS {
        let text = format!("question {}", number / GATEWAYS);
        fleet
            .ask_with(number % GATEWAYS, &[("intent", "faq")], &text)
            .await
            .expect(200);
    }
    let bought = fleet.upstream.calls();
    let window = Window::open("attached").await;
    let wire = Wire::lay().await;
    attach(&window, &fleet, wire.port).await;
    read(&window).await;
    a_locked_window_changes_nothing(&window, &fleet).await;
    unlock(&window).await;
    lower_the_cap(&window, &fleet).await;
    clear_and_undo(&window, &fleet).await;
    window.click("band-lock-now").await;
    window.read_until("band-lock", |text| text == "read only").await;
    assert_eq!(fleet.upstream.calls(), bought, "looking on costs nothing");
    let who = fleet.database.sql(
        "SELECT count(*) FROM weir.changes WHERE profile = 'acme-eu' AND reason = 'the month is nearly over'",
    );
    assert!(who.parse::<i64>().is_ok_and(|rows| rows >= 3), "{who}");
    window.close().await;
    fleet.stop().await;
}

/// Writes down where the database is, has the way there tested, and goes over to the window that connecting opens.
async fn attach(window: &Window, fleet: &Fleet, port: u16) {
    let client = window.client();
    window.click("door-attach").await;
    window.click("connection-new").await;
    window.fill("connection-name", "acme-eu").await;
    window.fill("connection-host", "localhost").await;
    window.fill("connection-port", &port.to_string()).await;
    window.fill("connection-database", fleet.database.name()).await;
    window.choose("connection-tls", "disable").await;
    window
        .fill("connection-tls-reason", "the server is on this machine")
        .await;
    window.picture("connection").await;
    window.click("connection-save").await;
    window.click("connection-test").await;
    window
        .read_until("test-summary", |text| text == "The connection works.")
        .await;
    window.picture("tested").await;
    let before = client.windows().await.expect("the driver knows its windows");
    window.click("connection-connect").await;
    let opened = window.until(|| async {
        let handles = client.windows().await.ok()?;
        handles.into_iter().find(|handle| !before.contains(handle))
    });
    let opened = opened.await.expect("connecting opens a window");
    client
        .switch_to_window(opened)
        .await
        .expect("the other window can be driven");
}

async fn read(window: &Window) {
    window.read_until("band-name", |text| text == "acme-eu").await;
    assert_eq!(window.read("band-environment").await, "PRODUCTION");
    assert_eq!(window.read("band-lock").await, "read only");
    window
        .read_until("kpi-requests", |text| text.starts_with("24"))
        .await;
    window.picture("overview").await;
    window.click("nav-settings").await;
    window
        .read_until("gateways-version", |text| text.ends_with("on 4 of 4 gateways"))
        .await;
    window.picture("gateways").await;
}

async fn a_locked_window_changes_nothing(window: &Window, fleet: &Fleet) {
    window.click("nav-budgets").await;
    window.fill("cap-limit-global-daily", "250").await;
    window.click("cap-save-global-daily").await;
    let said = window.until(|| async {
        let page = window.client().find(Locator::Css("main")).await.ok()?;
        let text = page.text().await.ok()?;
        text.contains("Unlock the window first").then_some(())
    });
    assert!(
        said.await.is_some(),
        "the window says that it must be unlocked first"
    );
    // The way to change it stands open; what was typed is still there afterwards.
    window.see("unlock-typed").await;
    window.picture("locked").await;
    window.click("unlock-cancel").await;
    assert_eq!(fleet.figure(LIMIT), BEFORE_NANOUSD);
}

async fn unlock(window: &Window) {
    window.click("band-unlock").await;
    window.fill("unlock-typed", "acme").await;
    let button = window.see("unlock-go").await;
    assert!(
        !button.is_enabled().await.expect("the button is there"),
        "half the name unlocks nothing"
    );
    window.fill("unlock-typed", "acme-eu").await;
    window.fill("unlock-reason", "the month is nearly over").await;
    window.picture("unlock").await;
    window.click("unlock-go").await;
    window
        .read_until("band-lock", |text| text.starts_with("UNLOCKED"))
        .await;
}

async fn lower_the_cap(window: &Window, fleet: &Fleet) {
    let version = "SELECT max(config_version) FROM weir.gateways";
    let before = fleet.figure(version);
    window.click("nav-budgets").await;
    window.fill("cap-limit-global-daily", "250").await;
    window.click("cap-save-global-daily").await;
    let stored = window.until(|| async { (fleet.figure(LIMIT) == AFTER_NANOUSD).then_some(()) });
    assert!(stored.await.is_some(), "the cap is lowered");
    window.picture("cap").await;
    window.click("nav-settings").await;
    let newest = format!("v{} on 4 of 4 gateways", before + 1);
    window.read_until("gateways-version", |text| text == newest).await;
    window.picture("confirmed").await;
    assert_eq!(
        fleet.figure("SELECT min(config_version) FROM weir.gateways"),
        before + 1
    );
}

/// How many answers all gateways together would serve from their caches; nothing is bought.
async fn hits(fleet: &Fleet) -> usize {
    let mut hits = 0;
    for number in 0..QUESTIONS * GATEWAYS {
        let text = format!("question {}", number / GATEWAYS);
        let headers = [("intent", "faq"), ("cache", "only")];
        let said = fleet.ask_with(number % GATEWAYS, &headers, &text).await;
        hits += usize::from(said.status == 200);
    }
    hits
}

async fn clear_and_undo(window: &Window, fleet: &Fleet) {
    let all = QUESTIONS * GATEWAYS;
    assert_eq!(hits(fleet).await, all);
    window.click("nav-cache").await;
    window.choose("cache-clear-kind", "intent").await;
    window.fill("cache-clear-value", "faq").await;
    window.click("cache-clear-preview").await;
    window
        .read_until("cache-clear-confirm", |text| text == "Clear 6 entries")
        .await;
    window.picture("clear-preview").await;
    window.click("cache-clear-confirm").await;
    let followed = |text: &str| text.contains("on 4 of 4 gateways");
    window
        .read_until("cache-clear-row", |text| {
            text.contains("cleared") && followed(text)
        })
        .await;
    window.picture("cleared").await;
    assert_eq!(hits(fleet).await, 0, "no gateway serves what was cleared");
    window.click("cache-clear-undo").await;
    window
        .read_until("cache-clear-row", |text| {
            text.contains("undone") && followed(text)
        })
        .await;
    window.picture("undone").await;
    assert_eq!(hits(fleet).await, all, "every gateway serves it again");
}
