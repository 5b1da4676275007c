//! Alert rules against recorded requests: what a round raises, what a preview says, what a snooze keeps quiet.

use crate::stage::{NOW_MS, Stage, bought};
use serde_json::{Value, json};
use std::sync::Arc;
use weir_admin::Admin;
use weir_contract::{
    ErrorCode, NanoUsd,
    model::request::{RequestRow, RequestStatus},
};
use weir_engine::clock::ManualClock;

const HOUR_MS: i64 = 3_600_000;

/// The same operations at another time.
fn at(stage: &Stage, now_ms: i64) -> Admin {
    Admin {
        clock: Arc::new(ManualClock::at_ms(now_ms)),
        ..stage.admin.clone()
    }
}

async fn save(stage: &Stage, name: &str, condition: Value) {
    let rule = json!({"name": name, "condition": condition, "channels": [], "enabled": true});
    stage
        .ok("alerts.save", json!({"rule": rule, "expected_version": 0}))
        .await;
}

async fn fired(stage: &Stage, rule: &str) -> u64 {
    let (mut count, mut before) = (0, Value::Null);
    loop {
        let page = stage
            .ok("alerts.history", json!({"before_id": before, "limit": 200}))
            .await;
        let page = page.as_array().unwrap();
        let Some(last) = page.last() else { return count };
        before = last["id"].clone();
        count += page.iter().filter(|event| event["rule"] == rule).count() as u64;
    }
}

/// Ten days of requests, drawn by a fixed seed: dear hours, bad hours and unknown prices among them.
fn ten_days() -> Vec<RequestRow> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let start_ms = NOW_MS - NOW_MS % HOUR_MS - 240 * HOUR_MS;
    let mut rows = Vec::new();
    for hour in 0..240_i64 {
        let is_dear = draw(12) == 0;
        let is_bad = draw(15) == 0;
        for number in 0..6_i64 {
            let mut row = bought(0);
            row.started_ms = start_ms + hour * HOUR_MS + number * 60_000;
            row.id = format!("row-{hour}-{number}");
            row.cost_nanousd = NanoUsd(if is_dear { 90_000_000 } else { 1_000_000 });
            row.price_unknown = draw(300) == 0;
            if is_bad && draw(2) == 0 {
                row.status = RequestStatus::Failed;
            }
            rows.push(row);
        }
    }
    rows
}

#[tokio::test]
async fn a_preview_says_what_the_rounds_then_raise() {
    let stage = Stage::new().await;
    stage.record(ten_days()).await;
    let rules = [
        (
            "spike",
            json!({"kind": "spend_spike", "percent": 300, "at_least_nanousd": 10_000_000}),
        ),
        (
            "errors",
            json!({"kind": "error_rate", "percent": 30, "at_least_requests": 5}),
        ),
        ("prices", json!({"kind": "unknown_price"})),
    ];
    for (name, condition) in &rules {
        save(&stage, name, condition.clone()).await;
    }
    let start_ms = NOW_MS - NOW_MS % HOUR_MS - 240 * HOUR_MS;
    for hour in 0..=240 {
        // Twice: what was raised is not raised again.
        for _ in 0..2 {
            let now_ms = start_ms + hour * HOUR_MS + HOUR_MS - 1;
            weir_admin::alerts::round(&at(&stage, now_ms)).await.unwrap();
        }
    }
    for (name, condition) in rules {
        let rule = json!({"name": name, "condition": condition, "channels": [], "enabled": true});
        let preview = stage.ok("alerts.preview", json!({"rule": rule})).await;
        let count = fired(&stage, name).await;
        assert!(count > 0, "{name} never fired, so nothing was compared");
        assert_eq!(preview["would_have_fired"], count, "{name}: {preview}");
        assert_eq!(preview["days"], 30);
    }
}

#[tokio::test]
async fn a_snoozed_rule_is_quiet_until_its_time() {
    let stage = Stage::new().await;
    let mut failed = bought(1);
    failed.status = RequestStatus::Failed;
    stage.record(vec![failed]).await;
    save(
        &stage,
        "errors",
        json!({"kind": "error_rate", "percent": 10, "at_least_requests": 1}),
    )
    .await;
    let until_ms = NOW_MS + 60_000;
    let snooze = |until_ms: Value| json!({"of": "rule", "name": "errors", "until_ms": until_ms});
    stage.ok("alerts.snooze", snooze(json!(until_ms))).await;
    let listed = stage.ok("alerts.list", json!({})).await;
    assert_eq!(listed[0]["snoozed_until_ms"], until_ms);
    assert_eq!(
        weir_admin::alerts::round(&at(&stage, until_ms - 1))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        weir_admin::alerts::round(&at(&stage, until_ms)).await.unwrap(),
        1,
        "it still holds"
    );
    assert_eq!(
        weir_admin::alerts::round(&at(&stage, until_ms + 1))
            .await
            .unwrap(),
        0,
        "and is told once"
    );

    let listed = stage.ok("alerts.list", json!({})).await;
    let message = listed[0]["last"]["message"].as_str().unwrap();
    assert!(message.contains("1 of 1 requests failed"), "{message}");
    for wrong in [json!(NOW_MS), json!(NOW_MS + 31 * 24 * HOUR_MS)] {
        let error = stage.fails("alerts.snooze", snooze(wrong)).await;
        assert_eq!(error.code, ErrorCode::InvalidArgument);
    }
    let error = stage
        .fails(
            "alerts.snooze",
            json!({"of": "channel", "name": "errors", "until_ms": null}),
        )
        .await;
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_forecast_is_told_before_the_cap_is_reached() {
    let stage = Stage::new().await;
    let cap = json!({
        "name": "daily", "scope": {"kind": "global"}, "period": "day", "time_zone": "UTC",
        "limit_nanousd": 1_000_000_000_i64, "steps": [{"percent": 100, "action": "refuse"}], "enabled": true,
    });
    stage
        .ok("caps.save", json!({"cap": cap, "expected_version": 0}))
        .await;
    // Every hour of the last ten days cost 0.05 dollars, so a day costs 1.2.
    let rows = (1..=240_i64).map(|hour| {
        let mut row = bought(hour * 60);
        row.cost_nanousd = NanoUsd(50_000_000);
        row
    });
    stage.record(rows.collect()).await;
    save(&stage, "forecast", json!({"kind": "forecast"})).await;
    let midnight = NOW_MS - NOW_MS % (24 * HOUR_MS);
    assert_eq!(
        weir_admin::alerts::round(&at(&stage, midnight + 1))
            .await
            .unwrap(),
        1
    );
    let listed = stage.ok("alerts.list", json!({})).await;
    let message = listed[0]["last"]["message"].as_str().unwrap();
    assert!(
        message.contains("$1.20 is expected") || message.contains("$1.19 is expected"),
        "{message}"
    );
    assert!(message.contains("the same hours of the last weeks"), "{message}");
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_or_channel_is_said() {
    let stage = Stage::new().await;
    let rule = |condition: Value, channels: Value| json!({"rule": {"name": "r", "condition": condition, "channels": channels, "enabled": true}, "expected_version": 0});
    let error = stage
        .fails(
            "alerts.save",
            rule(json!({"kind": "disk_low", "percent_free": 0}), json!([])),
        )
        .await;
    assert!(error.message.contains("percent_free: 0"), "{error}");
    let error = stage
        .fails(
            "alerts.save",
            rule(json!({"kind": "breaker_open"}), json!(["ops"])),
        )
        .await;
    assert!(error.message.contains("there is no channel \"ops\""), "{error}");

    let channel = json!({"name": "ops", "target": {"kind": "desktop"}, "enabled": true});
    let saved = stage
        .ok(
            "channels.save",
            json!({"channel": channel, "expected_version": 0}),
        )
        .await;
    stage
        .ok(
            "alerts.save",
            rule(json!({"kind": "breaker_open"}), json!(["ops"])),
        )
        .await;
    let doomed = json!({"name": "ops", "expected_version": saved["version"]});
    let error = stage.fails("channels.delete", doomed).await;
    assert!(error.message.contains("is told by \"r\""), "{error}");
    let error = stage.fails("channels.test", json!({"name": "ops"})).await;
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert!(error.message.contains("needs a running gateway"), "{error}");
}
