//! `caps.simulate` and looking ahead, against traffic that was really recorded and folded.

use crate::stage::{self, NOW_MS, Stage};
use serde_json::{Value, json};
use weir_contract::{
    NanoUsd,
    model::{cap::CapSimulation, request::RequestRow},
};
use weir_engine::store::{RequestRecord, RequestStore, RollupStore};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Midnight before the present.
const TODAY_MS: i64 = NOW_MS - NOW_MS % DAY_MS;

fn draft(changes: Value) -> Value {
    let mut cap = json!({
        "name": "draft", "scope": {"kind": "global"}, "period": "day", "time_zone": "UTC",
        "limit_nanousd": 1_000_000_000, "enabled": true,
        "steps": [{"percent": 50, "action": "notify"}, {"percent": 100, "action": "refuse"}],
    });
    for (name, value) in changes.as_object().unwrap() {
        cap[name] = value.clone();
    }
    cap
}

async fn record(stage: &Stage, rows: Vec<RequestRow>) {
    for part in rows.chunks(5_000) {
        let records = part.iter().map(|row| {
            stage.store.record(RequestRecord {
                row: row.clone(),
                trace: vec![],
                request_body: None,
                response_body: None,
                settlements: vec![],
                hit_key: None,
            })
        });
        for outcome in futures::future::join_all(records).await {
            outcome.unwrap();
        }
    }
    stage.store.fold_rollups().await.unwrap();
}

fn bought(number: i64, user: &str, at_ms: i64, cost: i64) -> RequestRow {
    RequestRow {
        id: format!("{at_ms:012x}-{number}"),
        started_ms: at_ms,
        user: user.into(),
        cost_nanousd: NanoUsd(cost),
        ..stage::bought(0)
    }
}

async fn simulate(stage: &Stage, cap: Value) -> CapSimulation {
    let reply = stage.ok("caps.simulate", json!({"cap": cap})).await;
    serde_json::from_value(reply).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_to_the_request_when_a_cap_would_have_refused() {
    let stage = Stage::new().await;
    // Ten cents every six minutes of one day: a dollar is reached with the tenth.
    let day_ms = TODAY_MS - 4 * DAY_MS;
    let rows = (0..24).map(|n| bought(n, "ana", day_ms + n * 360_000, 100_000_000));
    record(&stage, rows.collect()).await;
    let found = simulate(&stage, draft(json!({}))).await;
    assert_eq!(
        (found.requests, found.spent_nanousd),
        (24, NanoUsd(2_400_000_000))
    );
    assert_eq!(
        (found.refused_requests, found.refused_nanousd),
        (14, NanoUsd(1_400_000_000))
    );
    assert_eq!(found.refusals.len(), 1);
    assert_eq!(found.refusals[0].from_ms, day_ms + 10 * 360_000, "the eleventh");
    assert!(
        found.refusals[0].from_text.ends_with("01:00 UTC"),
        "{}",
        found.refusals[0].from_text
    );
    let notify = &found.steps[0];
    assert_eq!((notify.times, notify.first_ms), (1, Some(day_ms + 4 * 360_000)));
    assert_eq!(notify.requests, 19);
    // Higher, it would have refused nobody; each user on its own likewise finds ana.
    let high = simulate(&stage, draft(json!({"limit_nanousd": 3_000_000_000_i64}))).await;
    assert_eq!(
        (high.refused_requests, high.refusals.len(), high.steps[1].times),
        (0, 0, 0)
    );
    let each = simulate(&stage, draft(json!({"scope": {"kind": "user", "each": true}}))).await;
    assert_eq!(each.refusals[0].value, "ana");
    assert_eq!(each.refused_requests, 14);
    let other = simulate(&stage, draft(json!({"scope": {"kind": "user", "value": "bob"}}))).await;
    assert_eq!((other.requests, other.refused_requests), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_draft_is_refused_in_words_and_nothing_is_saved() {
    let stage = Stage::new().await;
    let args = json!({"cap": draft(json!({"limit_nanousd": 0}))});
    let error = weir_admin::call(&stage.admin, "caps.simulate", args)
        .await
        .unwrap_err();
    assert!(error.message.starts_with("cap.limit_nanousd"), "{error}");
    simulate(&stage, draft(json!({}))).await;
    assert_eq!(stage.ok("caps.list", json!({})).await, json!([]));
    let too_much =
        json!({"cap": draft(json!({"limit_nanousd": 1_000_000_001_000_000_000_i64})), "expected_version": 0});
    let error = weir_admin::call(&stage.admin, "caps.save", too_much)
        .await
        .unwrap_err();
    assert!(error.message.contains("1000000000"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_says_at_which_hour_a_forecast_lowered_the_ladder() {
    let stage = Stage::new().await;
    // It is the 21st of September. Ana spends a cent an hour until the 10th, then ten cents an hour.
    let month_ms = TODAY_MS - 20 * DAY_MS;
    let hours = (NOW_MS - month_ms) / HOUR_MS;
    let rows = (0..hours).map(|hour| {
        let cost = if hour < 240 { 10_000_000 } else { 100_000_000 };
        bought(hour, "ana", month_ms + hour * HOUR_MS + 60_000, cost)
    });
    record(&stage, rows.collect()).await;
    let ahead = json!({
        "name": "per-user", "scope": {"kind": "user", "each": true}, "period": "month", "time_zone": "Europe/Berlin",
        "limit_nanousd": 30_000_000_000_i64,
        "dynamic": {"from_percent": 100, "every_percent": 25, "most_tiers": 3},
    });
    let found = simulate(&stage, draft(ahead)).await;
    let first = found
        .trips
        .iter()
        .find(|trip| trip.at_ms >= month_ms)
        .expect("it would have tripped");
    assert_eq!((first.value.as_str(), first.tiers_down), ("ana", 1));
    assert!(first.at_ms > month_ms + 240 * HOUR_MS && first.at_ms < month_ms + 340 * HOUR_MS);
    assert!(
        first.spent_nanousd < NanoUsd(15_000_000_000),
        "long before the cap: {first:?}"
    );
    assert!(first.forecast_nanousd >= NanoUsd(30_000_000_000));
    assert!(first.at_text.ends_with(":00 Europe/Berlin"), "{}", first.at_text);
}

/// The sums by hour tell nearly all of it, and the log is read for a few hours only. How long it takes with a million requests
/// is measured by `cargo xtask bench -- --simulations`.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_many_users_is_simulated_from_sums() {
    let stage = Stage::new().await;
    let requests = 20_000;
    // Over 30 days, of 200 users; on each day twice as much is spent as the draft allows.
    let row = |n: i64| {
        let at_ms = NOW_MS - 30 * DAY_MS + n * 30 * DAY_MS / requests;
        let user = format!("user {}", n.wrapping_mul(7_919) % 200);
        bought(n, &user, at_ms, 60_000_000_000 / requests)
    };
    record(&stage, (0..requests).map(row).collect()).await;
    for (scope, limit) in [
        (json!({"kind": "global"}), 1_000_000_000),
        (json!({"kind": "user", "each": true}), 5_000_000),
    ] {
        let cap = draft(json!({"scope": scope, "limit_nanousd": limit}));
        let found = simulate(&stage, cap).await;
        assert!(found.requests > requests * 9 / 10 && found.refused_requests > requests / 10);
    }
}
