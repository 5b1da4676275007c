//! Saving, conflicts and deleting: caps, limits, rollouts, providers.

use crate::stage::{NOW_MS, Stage, bought};
use serde_json::{Value, json};
use weir_contract::{ErrorCode, NanoUsd};
use weir_engine::{
    budget::period::CountedStarts,
    store::{LeaseKey, LeaseRequest, LedgerStore, RequestRecord, RequestStore, Settlement},
};

fn cap(limit: i64) -> Value {
    json!({
        "name": "global-daily", "scope": {"kind": "global"}, "period": "day", "time_zone": "Europe/Berlin",
        "limit_nanousd": limit, "action": "refuse", "alert_percent": 80, "enabled": true,
    })
}

#[tokio::test]
async fn a_cap_is_saved_applied_changed_and_deleted() {
    let stage = Stage::new().await;
    let saved = stage
        .ok("caps.save", json!({"cap": cap(5), "expected_version": 0}))
        .await;
    assert_eq!(saved["reserved_nanousd"], 42);
    assert!(
        saved["resets_text"]
            .as_str()
            .unwrap()
            .ends_with("00:00 Europe/Berlin"),
        "{saved}"
    );
    assert_eq!(stage.live.reloads(), 1);

    let twice = stage
        .fails("caps.save", json!({"cap": cap(6), "expected_version": 0}))
        .await;
    assert_eq!(twice.code, ErrorCode::Conflict);
    let version = saved["version"].as_i64().unwrap();
    let changed = stage
        .ok("caps.save", json!({"cap": cap(7), "expected_version": version}))
        .await;
    let stale = stage
        .fails("caps.save", json!({"cap": cap(8), "expected_version": version}))
        .await;
    assert_eq!(stale.code, ErrorCode::Conflict);
    assert!(stale.message.contains(&format!("version {version}")), "{stale}");
    assert!(
        stale.message.contains(&format!("version {}", changed["version"])),
        "{stale}"
    );
    assert_eq!(
        stage.ok("caps.list", Value::Null).await[0]["cap"]["limit_nanousd"],
        7
    );

    let missing = stage
        .fails("caps.delete", json!({"name": "globl", "expected_version": 1}))
        .await;
    assert_eq!(missing.code, ErrorCode::NotFound);
    assert!(missing.message.contains("global-daily"), "{missing}");
    let stale = stage
        .fails(
            "caps.delete",
            json!({"name": "global-daily", "expected_version": version}),
        )
        .await;
    assert_eq!(stale.code, ErrorCode::Conflict);
    stage
        .ok(
            "caps.delete",
            json!({"name": "global-daily", "expected_version": changed["version"]}),
        )
        .await;
    assert_eq!(stage.ok("caps.list", json!({})).await, json!([]));
    assert_eq!(stage.live.reloads(), 3);
}

/// Spends under a ledger key of the cap `per-user`, in the UTC day of [`NOW_MS`].
async fn spend(stage: &Stage, ledger_key: &str, n: i64, amount: i64) {
    let period_start_ms = NOW_MS - NOW_MS % 86_400_000;
    let key = LeaseKey {
        cap: ledger_key.into(),
        period_start_ms,
        lease_id: "g".into(),
    };
    let wish = LeaseRequest {
        key: key.clone(),
        gateway_id: "g".into(),
        limit_nanousd: NanoUsd(1_000),
        need_nanousd: NanoUsd(amount),
        want_nanousd: NanoUsd(amount),
        now_ms: NOW_MS,
        counted: CountedStarts::only(period_start_ms),
    };
    assert_eq!(stage.store.acquire_lease(wish).await.unwrap(), NanoUsd(amount));
    let row = bought(n);
    let settlement = Settlement {
        reservation_id: format!("{}-1", row.id),
        amount_nanousd: NanoUsd(amount),
        settled: true,
        leases: vec![key],
    };
    let record = RequestRecord {
        row,
        trace: Vec::new(),
        request_body: None,
        response_body: None,
        settlements: vec![settlement],
        hit_key: None,
    };
    stage.store.record(record).await.unwrap();
}

#[tokio::test]
async fn a_cap_of_each_user_shows_those_that_spent_most_and_what_acts() {
    let stage = Stage::new().await;
    let cap = json!({
        "name": "per-user", "scope": {"kind": "user", "each": true}, "period": "day", "time_zone": "UTC",
        "limit_nanousd": 1_000, "enabled": true,
        "steps": [{"percent": 60, "action": "step_down"}, {"percent": 100, "action": "refuse"}],
    });
    stage
        .ok("caps.save", json!({"cap": cap, "expected_version": 0}))
        .await;
    for n in 0..25 {
        spend(&stage, &format!("per-user=user:u{n}"), n, 500 + n).await;
    }
    spend(&stage, "per-user=user:", 30, 700).await;
    spend(&stage, "per-user=team:u1", 31, 999).await;
    let listed = stage.ok("caps.list", json!({})).await;
    let values = listed[0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 20);
    assert_eq!(
        (&values[0]["value"], &values[0]["spent_nanousd"]),
        (&json!(""), &json!(700))
    );
    assert_eq!(
        (&values[1]["value"], &values[1]["spent_nanousd"]),
        (&json!("u24"), &json!(524))
    );
    assert_eq!(listed[0]["spent_nanousd"], 700, "of the one that spent most");
    assert_eq!(
        listed[0]["in_force"],
        json!([{"percent": 60, "action": "step_down"}])
    );
}

#[tokio::test]
async fn a_wrong_cap_changes_nothing() {
    let stage = Stage::new().await;
    let error = stage
        .fails("caps.save", json!({"cap": cap(0), "expected_version": 0}))
        .await;
    assert_eq!(error.code, ErrorCode::InvalidArgument);
    assert_eq!(stage.ok("caps.list", json!({})).await, json!([]));
    assert_eq!(stage.live.reloads(), 0);
}

#[tokio::test]
async fn a_limit_shows_what_it_does() {
    let stage = Stage::new().await;
    let limit = json!({"name": "per-minute", "subject": "key", "max_requests": 60, "window_seconds": 60, "enabled": true});
    stage
        .ok("limits.save", json!({"limit": limit, "expected_version": 0}))
        .await;
    let listed = stage.ok("limits.list", json!({})).await;
    assert_eq!(listed[0]["refused"], 3);
    assert_eq!(listed[0]["busiest"], json!(["alice", 7]));
    let version = listed[0]["version"].clone();
    stage
        .ok(
            "limits.delete",
            json!({"name": "per-minute", "expected_version": version}),
        )
        .await;
    assert_eq!(stage.ok("limits.list", json!({})).await, json!([]));
}

#[tokio::test]
async fn a_moved_provider_loses_its_key() {
    let stage = Stage::new().await;
    let provider = |base_url: &str| json!({"name": "mine", "protocol": "openai", "base_url": base_url, "key": {"kind": "keychain", "value": "other"}});
    let saved = stage
        .ok(
            "providers.save",
            json!({"provider": provider("https://a.example/v1"), "expected_version": 0}),
        )
        .await;
    assert_eq!(saved["config"]["key"]["value"], "mine@https://a.example");
    let moved = json!({"provider": provider("https://b.example/v1"), "expected_version": saved["version"]});
    let moved = stage.ok("providers.save", moved).await;
    assert_eq!(moved["config"]["key"]["value"], "mine@https://b.example");
    assert_eq!(moved["key_status"], "missing");
}

#[tokio::test]
async fn only_a_known_provider_becomes_the_default() {
    let stage = Stage::new().await;
    let error = stage
        .fails("providers.set_default", json!({"name": "nobody"}))
        .await;
    assert_eq!(error.code, ErrorCode::NotFound);
    for name in ["one", "two"] {
        let provider =
            json!({"name": name, "protocol": "simulated", "base_url": "", "key": {"kind": "none"}});
        stage
            .ok(
                "providers.save",
                json!({"provider": provider, "expected_version": 0}),
            )
            .await;
        stage.ok("providers.set_default", json!({"name": name})).await;
    }
    let listed = stage.ok("providers.list", json!({})).await;
    assert_eq!(
        (&listed[0]["is_default"], &listed[1]["is_default"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn what_needs_an_engine_says_so() {
    let stage = Stage::new().await;
    for name in ["tiers.list", "intents.list"] {
        assert_eq!(stage.fails(name, json!({})).await.code, ErrorCode::Unavailable);
    }
}
