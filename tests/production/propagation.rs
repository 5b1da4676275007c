//! CFG-2: what is changed reaches every gateway, soon, and nothing old comes back.

use crate::fleet::{Fleet, cap};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use weir_engine::{
    change::Act,
    store::{ConfigStore, GatewayStore, KnownGateway},
};
use weir_store_postgres::PostgresStore;

/// The window's side: a connection of its own, and what every gateway said it ran.
struct Watch {
    store: PostgresStore,
    seen: BTreeMap<String, i64>,
}

impl Watch {
    async fn over(fleet: &Fleet) -> Watch {
        Watch {
            store: weir_store_postgres::open(&fleet.database.url()).await.unwrap(),
            seen: BTreeMap::new(),
        }
    }

    async fn gateways(&mut self) -> Vec<KnownGateway> {
        let known = self.store.list_gateways().await.unwrap();
        for one in &known {
            let version = one.report.config_version;
            let before = self.seen.insert(one.report.id.clone(), version).unwrap_or(0);
            assert!(
                before <= version,
                "{} went back from v{before} to v{version}",
                one.report.id
            );
        }
        known
    }

    /// Changes the cap and gives the new version.
    async fn change(&self, limit_nanousd: i64) -> i64 {
        let items = self.store.config_items().await.unwrap();
        let item = items.iter().find(|item| item.kind == "cap").unwrap();
        let mut body: serde_json::Value = serde_json::from_str(&item.body).unwrap();
        body["limit_nanousd"] = json!(limit_nanousd);
        let body = body.to_string();
        let act = Act::of_weir("test", 1);
        let saved = self
            .store
            .save_config("cap", &item.name, &body, item.version, &act);
        saved.await.unwrap()
    }

    /// How long it took until this version ran on so many gateways.
    async fn until_on(&mut self, version: i64, many: usize) -> Duration {
        let since = Instant::now();
        loop {
            let known = self.gateways().await;
            let on = known.iter().filter(|one| one.report.config_version >= version);
            if on.count() == many {
                return since.elapsed();
            }
            assert!(since.elapsed() < Duration::from_secs(10), "v{version}: {known:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn at_percent(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

/// `WEIR_LONG=1` makes the catalogue's 1,000 changes.
#[tokio::test(flavor = "multi_thread")]
async fn changes_run_on_four_gateways_within_two_seconds() {
    let changes = if std::env::var_os("WEIR_LONG").is_some() {
        1_000
    } else {
        150
    };
    let mut fleet = Fleet::start(4, &cap(1_000_000_000_000)).await;
    let mut watch = Watch::over(&fleet).await;
    let is_over = AtomicBool::new(false);
    let changing = async {
        let mut took = Vec::new();
        for number in 0..changes {
            let version = watch.change(1_000_000_000_000 + number).await;
            took.push(watch.until_on(version, 4).await);
        }
        is_over.store(true, Ordering::SeqCst);
        took
    };
    let calling = async {
        let mut answered = 0;
        for number in 0.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            fleet
                .ask(number % 4, &format!("question {number}"))
                .await
                .expect(200);
            answered += 1;
        }
        answered
    };
    let (mut took, answered) = futures::join!(changing, calling);
    took.sort();
    let (p50, p99, longest) = (
        at_percent(&took, 50),
        at_percent(&took, 99),
        at_percent(&took, 100),
    );
    println!("{changes} changes beside {answered} calls: p50 {p50:?}, p99 {p99:?}, longest {longest:?}");
    assert!(answered > 10, "there was no traffic");
    assert!(p99 <= Duration::from_secs(2), "{p99:?}");
    assert!(longest <= Duration::from_secs(5), "{longest:?}");
    fleet.stop().await;
}

const LISTEN: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query ILIKE 'LISTEN%' AND pid <> pg_backend_pid()";

/// Most changes within two seconds, and each within five.
fn soon(mut took: Vec<Duration>) {
    took.sort();
    assert!(at_percent(&took, 50) <= Duration::from_secs(2), "{took:?}");
    assert!(at_percent(&took, 100) <= Duration::from_secs(5), "{took:?}");
}

/// Whoever does not hear of a change looks for it.
#[tokio::test(flavor = "multi_thread")]
async fn changes_that_nobody_heard_of_are_found_by_looking() {
    let mut fleet = Fleet::start(3, &cap(1_000_000_000_000)).await;
    let mut watch = Watch::over(&fleet).await;
    let mut took = Vec::new();
    for number in 0..10 {
        // Connections that listen are cut just before.
        if number == 0 {
            support::eventually("all listen", || async {
                (fleet.figure(LISTEN) == 3).then_some(())
            })
            .await;
        }
        let cut = fleet.figure(&LISTEN.replace("count(*)", "count(pg_terminate_backend(pid))"));
        let version = watch.change(1_000_000_000_000 + number).await;
        took.push(watch.until_on(version, 3).await);
        assert!(number > 0 || cut == 3, "{cut} gateways listened");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    println!("cut off: {took:?}");
    soon(took);
    // Written by hand, so that nothing is said at all.
    let mut took = Vec::new();
    for _ in 0..5 {
        let version = fleet.figure(
            "WITH change AS (
                 INSERT INTO weir.config_changes (version, kind, name, before, after, who, at_ms)
                 SELECT (SELECT max(version) + 1 FROM weir.config_changes), kind, name, body, body, 'by hand', 1
                 FROM weir.config_items WHERE kind = 'cap' RETURNING *
             )
             UPDATE weir.config_items SET version = change.version FROM change
             WHERE config_items.kind = change.kind AND config_items.name = change.name RETURNING change.version",
        );
        took.push(watch.until_on(version, 3).await);
    }
    println!("unheard: {took:?}");
    soon(took);
    fleet.stop().await;
}

/// A gateway that is stopped in the middle is told apart, and follows when it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_on_how_many_gateways_a_version_runs() {
    let mut fleet = Fleet::start(4, &cap(1_000_000_000_000)).await;
    let mut watch = Watch::over(&fleet).await;
    let before = fleet.call("gateways.list", &json!({})).await;
    assert_eq!(before["gateways"].as_array().unwrap().len(), 4, "{before}");
    for gateway in &fleet.gateways {
        let listed = before["gateways"].as_array().unwrap();
        let one = listed.iter().find(|one| one["address"] == gateway.base.as_str());
        assert_eq!(
            one.unwrap()["config_version"],
            before["config_version"],
            "{before}"
        );
    }
    fleet.signal(3, "-STOP");
    let version = watch.change(2_000_000_000_000).await;
    watch.until_on(version, 3).await;
    let listed = fleet.call("gateways.list", &json!({})).await;
    let said: weir_contract::model::gateway::GatewayFleet = serde_json::from_value(listed).unwrap();
    assert_eq!(said.sentence(), format!("v{version} on 3 of 4 gateways"));
    fleet.signal(3, "-CONT");
    watch.until_on(version, 4).await;
    let listed = fleet.call("gateways.list", &json!({})).await;
    let said: weir_contract::model::gateway::GatewayFleet = serde_json::from_value(listed).unwrap();
    assert_eq!(said.sentence(), format!("v{version} on 4 of 4 gateways"));

    // A configuration that does not fit runs nowhere, and the list says why.
    let items = watch.store.config_items().await.unwrap();
    let item = items.iter().find(|item| item.kind == "cap").unwrap();
    let act = Act::of_weir("test", 1);
    let wrong = watch
        .store
        .save_config("cap", &item.name, "{}", item.version, &act);
    let wrong = wrong.await.unwrap();
    support::eventually("all four say what is wrong", || async {
        let known = watch.store.list_gateways().await.unwrap();
        let refuse =
            |one: &KnownGateway| !one.report.config_problem.is_empty() && one.report.config_version < wrong;
        (known.len() == 4 && known.iter().all(refuse)).then_some(())
    })
    .await;
    fleet.ask(0, "still answered").await.expect(200);
    fleet.stop().await;
    let known = watch.store.list_gateways().await.unwrap();
    assert!(known.is_empty(), "who has stopped is listed no more: {known:?}");
}

/// A key that is revoked at one gateway is good at none of the others a moment later.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_stops_everywhere() {
    let mut fleet = Fleet::start(3, &cap(1_000_000_000_000)).await;
    let mut longest = Duration::ZERO;
    for round in 0..8 {
        let created = fleet
            .script(&["key", "create", "--name", "short-lived", "--json"])
            .await;
        fleet.key = created["key"].as_str().unwrap().to_owned();
        for gateway in 0..3 {
            fleet.ask(gateway, &format!("{round}")).await.expect(200);
        }
        let id = fleet
            .database
            .sql("SELECT id FROM weir.virtual_keys ORDER BY created_ms DESC, id DESC LIMIT 1");
        fleet.database.sql(&format!(
            "SELECT weir.revoke_key(id, 1, revision, jsonb_build_object('at_ms', 1, 'user', '', 'profile', '', 'door', 'psql',
                 'version', '', 'command', 'keys.revoke', 'kind', 'virtual_key', 'name', id, 'reason', '')::text)
             FROM weir.virtual_keys WHERE id = '{id}'"
        ));
        let revoked = Instant::now();
        for gateway in 0..3 {
            while fleet.ask(gateway, &format!("{round}")).await.status == 200 {
                assert!(
                    revoked.elapsed() < Duration::from_secs(5),
                    "gateway {gateway} still takes it"
                );
            }
        }
        longest = longest.max(revoked.elapsed());
    }
    println!("a revoked key stopped on all gateways after at most {longest:?}");
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    fleet.stop().await;
}
