//! Overview, charts, request lists and cache figures from recorded requests.

use crate::stage::{NOW_MS, Stage, bought, hit};
use serde_json::{Value, json};
use weir_contract::{
    ErrorCode, NanoUsd,
    model::{cache::CacheEntryRow, request::RequestStatus, tier::Tier},
};
use weir_engine::store::{CacheEntry, CacheStore};

fn last_hour() -> Value {
    json!({"from_ms": NOW_MS - 3_600_000, "to_ms": NOW_MS + 1})
}

fn sum(values: &Value) -> f64 {
    values.as_array().unwrap().iter().filter_map(Value::as_f64).sum()
}

#[tokio::test]
async fn the_overview_adds_up_and_compares() {
    let stage = Stage::new().await;
    let mut failed = bought(3);
    failed.id.push_str("-failed");
    failed.status = RequestStatus::Failed;
    failed.cost_nanousd = NanoUsd::ZERO;
    stage
        .record(vec![
            bought(1),
            bought(2),
            hit(1),
            failed,
            bought(90),
            bought(10_000),
        ])
        .await;
    let overview = stage.ok("overview.get", json!({"range": last_hour()})).await;
    let current = &overview["current"];
    assert_eq!(current["requests"], 4, "{overview}");
    assert_eq!(current["cost_nanousd"], 2_000_000);
    assert_eq!(current["saved_nanousd"], 1_000_000);
    assert_eq!((&current["hits"], &current["errors"]), (&json!(1), &json!(1)));
    let p95_us = current["p95_us"].as_i64().unwrap();
    assert!((196_000..=204_000).contains(&p95_us), "{p95_us}");
    assert_eq!(overview["previous"]["requests"], 1, "{overview}");
    let attention = overview["attention"].to_string();
    assert!(attention.contains("1 of 4 requests failed"), "{attention}");
}

#[tokio::test]
async fn the_four_charts_tell_the_same_story() {
    let stage = Stage::new().await;
    stage.record(vec![bought(1), bought(20), hit(1)]).await;
    let chart = async |kind: &str| {
        stage
            .ok("charts.get", json!({"kind": kind, "range": last_hour()}))
            .await
    };

    let cost = chart("cost").await;
    assert_eq!(cost["bucket_ms"], 60_000);
    assert!(cost["buckets"].as_u64().unwrap() <= 90);
    assert_eq!(cost["series"][0]["name"], "T1", "{cost}");
    assert!((sum(&cost["series"][0]["values"]) - 0.002).abs() < 1e-12);

    let latency = chart("latency").await;
    assert_eq!(latency["series"][2]["name"], "p99");
    assert!(sum(&latency["series"][2]["values"]) > 390.0, "{latency}");

    let hit_rate = chart("hit_rate").await;
    assert_eq!(hit_rate["series"][0]["name"], "faq");
    assert_eq!(
        sum(&hit_rate["series"][0]["values"]),
        50.0,
        "one of two, then none of one"
    );

    let rollout = chart("rollout").await;
    assert_eq!(rollout["series"][0]["name"], "cheap");
    assert_eq!(sum(&rollout["series"][0]["values"]), 50.0);
}

#[tokio::test]
async fn a_rollout_shows_its_measured_share() {
    let stage = Stage::new().await;
    stage
        .record(vec![bought(1), bought(2), hit(1), bought(3_000)])
        .await;
    let rollout =
        json!({"name": "cheap", "description": "", "basis_points": 5000, "enabled": true, "change": {}});
    let saved = stage
        .ok(
            "rollouts.save",
            json!({"rollout": rollout, "expected_version": 0}),
        )
        .await;
    assert_eq!(
        (&saved["new_requests"], &saved["old_requests"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(stage.ok("rollouts.list", json!({})).await[0], saved);
}

#[tokio::test]
async fn requests_are_paged_without_gap_or_repeat() {
    let stage = Stage::new().await;
    stage.record((1..=5).map(bought).collect()).await;
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = stage
            .ok(
                "requests.list",
                json!({"filter": {}, "cursor": cursor, "limit": 2}),
            )
            .await;
        seen.extend(
            page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["started_ms"].as_i64().unwrap()),
        );
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, (1..=5).map(|n| NOW_MS - n * 60_000).collect::<Vec<_>>());
    let id = bought(3).id;
    assert_eq!(
        stage.ok("requests.get", json!({"id": id})).await["row"]["id"],
        json!(id)
    );
    assert_eq!(
        stage.fails("requests.get", json!({"id": "nothing"})).await.code,
        ErrorCode::NotFound
    );
    let too_many = stage
        .fails(
            "requests.list",
            json!({"filter": {}, "cursor": null, "limit": 201}),
        )
        .await;
    assert_eq!(too_many.code, ErrorCode::InvalidArgument);
}

fn entry(key: &str, intent: &str) -> CacheEntry {
    CacheEntry {
        row: CacheEntryRow {
            key: key.into(),
            label: format!("{intent}:{key}"),
            intent: intent.into(),
            provider: "openai".into(),
            model: "small".into(),
            tier: Some(Tier::T1),
            team: String::new(),
            created_ms: NOW_MS - 1_000,
            expires_ms: NOW_MS + 3_600_000,
            last_hit_ms: None,
            hits: 0,
            bytes: 4,
            cost_nanousd: NanoUsd(1_000),
        },
        app_version: String::new(),
        tenant: String::new(),
        body: b"body".to_vec(),
    }
}

#[tokio::test]
async fn a_clear_does_what_its_preview_said() {
    let stage = Stage::new().await;
    for (key, intent) in [("a1", "faq"), ("a2", "faq"), ("b1", "mail")] {
        stage.store.put_entry(entry(key, intent)).await.unwrap();
    }
    let faq = json!({"selector": {"kind": "intent", "value": "faq"}});
    let preview = stage.ok("cache.clear_preview", faq.clone()).await;
    assert_eq!(preview["entries"], 2);
    assert!(stage.live.forgotten.lock().unwrap().is_empty());
    let cleared = stage.ok("cache.clear", faq).await;
    for figure in ["entries", "bytes", "saved_nanousd"] {
        assert_eq!(cleared[figure], preview[figure], "{figure}");
    }
    assert_eq!(stage.live.forgotten.lock().unwrap().len(), 1);

    let page = stage
        .ok(
            "cache.list",
            json!({"selector": {"kind": "all"}, "cursor": null, "limit": 10}),
        )
        .await;
    assert_eq!(page["rows"].as_array().unwrap().len(), 1);
    assert_eq!(page["rows"][0]["key"], "b1");
    let everything = stage
        .fails(
            "cache.clear",
            json!({"selector": {"kind": "prefix", "value": ""}}),
        )
        .await;
    assert_eq!(everything.code, ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn cache_entries_made_in_the_same_millisecond_are_paged_once() {
    let stage = Stage::new().await;
    for key in ["k1", "k2", "k3"] {
        stage.store.put_entry(entry(key, "faq")).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let args = json!({"selector": {"kind": "all"}, "cursor": cursor, "limit": 1});
        let page = stage.ok("cache.list", args).await;
        seen.extend(
            page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["key"].as_str().unwrap().to_owned()),
        );
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["k1", "k2", "k3"]);
}

#[tokio::test]
async fn cache_figures_come_with_a_verdict() {
    let stage = Stage::new().await;
    stage
        .record((1..=12).flat_map(|n| [bought(n), hit(n)]).collect())
        .await;
    let stats = stage.ok("cache.stats", json!({"range": last_hour()})).await;
    assert_eq!((&stats["hits"], &stats["misses"]), (&json!(12), &json!(12)));
    assert_eq!(
        (&stats["verdict"], &stats["memory_entries"]),
        (&json!("good"), &json!(5))
    );
    assert_eq!(stats["intents"][0]["intent"], "faq");
}
