//! A locked window changes nothing, by its own word and by the database's; an unlocked one does, for a while.

use super::{Shifted, call, cap, connected, until};
use crate::{
    fleet::{self, Fleet},
    wire::Wire,
};
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};
use support::roles::{make_roles, set_up};
use weir_contract::{ErrorCode, model::gateway::GatewayFleet};
use weir_engine::{change::Act, store::ConfigStore};
use weir_store_postgres::{AttachedRole, Route, open_attached};

/// Every page's questions, as a viewer asks them.
const READS: &[(&str, &str)] = &[
    ("overview.get", r#"{"range":RANGE}"#),
    ("charts.get", r#"{"kind":"cost","range":RANGE}"#),
    ("charts.get", r#"{"kind":"latency","range":RANGE}"#),
    ("charts.get", r#"{"kind":"hit_rate","range":RANGE}"#),
    ("charts.get", r#"{"kind":"rollout","range":RANGE}"#),
    ("requests.list", r#"{"filter":{},"cursor":null,"limit":50}"#),
    ("cache.stats", r#"{"range":RANGE}"#),
    (
        "cache.list",
        r#"{"selector":{"kind":"all"},"cursor":null,"limit":50}"#,
    ),
    ("cache.clear_preview", r#"{"selector":{"kind":"all"}}"#),
    ("caps.list", "{}"),
    ("limits.list", "{}"),
    ("rollouts.list", "{}"),
    ("providers.list", "{}"),
    ("keys.list", "{}"),
    ("gateways.list", "{}"),
    ("alerts.list", "{}"),
    ("alerts.history", r#"{"before_id":null,"limit":50}"#),
    ("channels.list", "{}"),
    ("audit.list", r#"{"limit":50}"#),
    ("audit.verify", "{}"),
    ("backups.list", "{}"),
    ("ledger.bills", "{}"),
    ("semantic.get", "{}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_window_reads_is_unlocked_lowers_a_cap_and_every_gateway_confirms() {
    let mut fleet = Fleet::start(2, &fleet::cap(50_000_000_000)).await;
    make_roles(&fleet.database).await;
    // The grants follow the roles.
    weir_store_postgres::migrate(&fleet.database.url()).await.unwrap();
    let asked = fleet.ask(0, "what is a weir?").await;
    assert_eq!(asked.status, 200);
    let wire = Wire::lay().await;
    let window = connected(&wire, &fleet.database, Shifted::new()).await;

    let now_ms = weir_engine::clock::Clock::now_ms(&weir_engine::clock::SystemClock::new());
    let range = json!({"from_ms": now_ms - 3_600_000, "to_ms": now_ms + 60_000}).to_string();
    for (name, args) in READS {
        let args = serde_json::from_str(&args.replace("RANGE", &range)).unwrap();
        if let Err(problem) = call(&window, name, args).await {
            panic!("{name}: {problem}");
        }
    }
    let page = call(
        &window,
        "requests.list",
        json!({"filter":{},"cursor":null,"limit":50}),
    )
    .await
    .unwrap();
    let id = page["rows"][0]["id"].as_str().unwrap().to_owned();
    call(&window, "requests.get", json!({ "id": id })).await.unwrap();

    // Locked: said by the window, and by the database behind it.
    let caps = call(&window, "caps.list", json!({})).await.unwrap();
    let version = caps[0]["version"].as_i64().unwrap();
    let refused = call(&window, "caps.save", cap(1_000_000_000, version))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Locked);
    assert!(refused.message.contains("Unlock"), "{refused}");
    for (typed, minutes) in [
        ("acme", 15),
        ("ACME-EU", 15),
        ("", 15),
        ("acme-eu", 16),
        ("acme-eu", 0),
    ] {
        assert!(
            window.unlock(typed, minutes, "").await.is_err(),
            "{typed} {minutes}"
        );
    }
    assert!(window.state().unlocked_until_ms.is_none());

    // What people asked is not for everybody who may look at figures.
    let hidden = call(
        &window,
        "semantic.pairs",
        json!({"intent": null, "review": true, "limit": 10}),
    )
    .await;
    assert_eq!(hidden.unwrap_err().code, ErrorCode::NotAllowed);
    let state = window
        .unlock("acme-eu", 15, "the bill was too high")
        .await
        .unwrap();
    assert!(
        state
            .unlocked_until_ms
            .is_some_and(|until| until > now_ms + 14 * 60_000)
    );
    call(
        &window,
        "semantic.pairs",
        json!({"intent": null, "review": true, "limit": 10}),
    )
    .await
    .unwrap();
    call(&window, "caps.save", cap(1_000_000_000, version))
        .await
        .unwrap();
    let took = until(Duration::from_secs(5), async || {
        let listed = call(&window, "gateways.list", json!({})).await.unwrap();
        let listed: GatewayFleet = serde_json::from_value(listed).unwrap();
        listed.gateways.len() == 2 && listed.up_to_date() == 2
    })
    .await;
    eprintln!("both gateways confirmed after {took:?}");
    let caps = call(&window, "caps.list", json!({})).await.unwrap();
    assert_eq!(caps[0]["cap"]["limit_nanousd"], 1_000_000_000, "{caps}");

    let connections = fleet.figure(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IN ('weir_viewer', 'weir_admin')",
    );
    assert!((1..=4).contains(&connections), "{connections} connections");

    let locked = window.lock("by hand").await;
    assert!(locked.unlocked_until_ms.is_none());
    let refused = call(&window, "caps.save", cap(2_000_000_000, version + 1))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Locked);
    let log = fleet.database.sql(
        "SELECT string_agg(command || ' ' || role || ' ' || profile || ' ' || reason, '; ' ORDER BY seq) FROM weir.changes WHERE profile = 'acme-eu'",
    );
    assert_eq!(
        log,
        "profiles.unlock weir_admin acme-eu for 15 min: the bill was too high; caps.save weir_admin acme-eu the bill was too high; profiles.lock weir_admin acme-eu by hand"
    );
    window.close().await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_a_locked_window() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let window = connected(&wire, &database, Shifted::new()).await;
    // The window's own pool, without the window's own word.
    let route = Route {
        host: "localhost".to_owned(),
        port: wire.port,
        tunnel: None,
        database: database.name().to_owned(),
        user: "weir_viewer".to_owned(),
        password: None,
        tls: window.profile().tls,
        ca_file: None,
        client_cert: None,
        window: String::new(),
    };
    // Not even where it does not ask for transactions that only read.
    for role in [AttachedRole::Viewer, AttachedRole::Admin] {
        let store = open_attached(&route, role).await.unwrap();
        let act = Act::of_weir("test", 1);
        let saved = store.save_config("cap", "day", "{}", 0, &act).await;
        assert!(saved.is_err(), "{saved:?}");
        store.close().await.unwrap();
    }
    assert_eq!(database.sql("SELECT count(*) FROM weir.config_changes"), "0");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_locks_itself_and_a_role_that_may_not_change_things_unlocks_nothing() {
    let database = set_up().await;
    let wire = Wire::lay().await;
    let clock = Shifted::new();
    let window = connected(&wire, &database, clock.clone()).await;
    window.unlock("acme-eu", 2, "").await.unwrap();
    clock.ahead_ms.fetch_add(2 * 60_000, Ordering::Relaxed);
    // At once, before the task that looks every second has come by.
    let refused = call(&window, "caps.save", cap(1, 0)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Locked);
    until(Duration::from_secs(10), async || {
        window.state().unlocked_until_ms.is_none()
    })
    .await;
    until(Duration::from_secs(10), async || {
        database.sql("SELECT count(*) FROM weir.changes WHERE command = 'profiles.lock' AND reason = 'its time was over'") == "1"
    })
    .await;

    database.sql("REVOKE EXECUTE ON FUNCTION weir.change_config FROM weir_admin");
    let refused = window.unlock("acme-eu", 2, "").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotAllowed);
    assert!(refused.message.contains("weir_admin"), "{refused}");
    window.close().await;
}
