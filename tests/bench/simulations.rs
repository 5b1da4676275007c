//! How long a draft takes to be tried on a million recorded requests of one day: from the question to the answer, over SQLite.

use crate::stage::{self, NOW_MS, Stage};
use serde_json::json;
use std::time::Instant;
use weir_contract::{NanoUsd, model::request::RequestRow};
use weir_engine::store::{RequestRecord, RequestStore, RollupStore};

const REQUESTS: i64 = 1_000_000;
const USERS: i64 = 5_000;
const DAY_MS: i64 = 86_400_000;
/// Recorded at a time; the writer commits many together.
const AT_A_TIME: i64 = 5_000;

/// One draft, tried.
pub(crate) struct Simulation {
    pub(crate) what: &'static str,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) took_ms: f64,
}

/// Records a million requests and tries drafts of limits and caps on them.
pub(crate) async fn measure_all() -> Vec<Simulation> {
    let stage = Stage::new().await;
    fill(&stage).await;
    let limit = |measure: &str, most: i64| {
        json!({"hours": 24, "limit": {"name": "draft", "subject": "user", "measure": measure, "most": most,
            "window_seconds": 3_600, "enabled": true}})
    };
    let cap = |scope: serde_json::Value, limit_nanousd: i64| {
        json!({"cap": {"name": "draft", "scope": scope, "period": "day", "time_zone": "UTC", "enabled": true,
            "limit_nanousd": limit_nanousd, "steps": [{"percent": 100, "action": "refuse"}]}})
    };
    let each_user = json!({"kind": "user", "each": true});
    let drafts = [
        (
            "limit: requests of each user",
            "limits.simulate",
            limit("requests", 10),
        ),
        (
            "limit: tokens of each user",
            "limits.simulate",
            limit("tokens", 20_000),
        ),
        (
            "limit: calls at once of each user",
            "limits.simulate",
            limit("concurrent", 2),
        ),
        (
            "cap: everybody",
            "caps.simulate",
            cap(json!({"kind": "global"}), 600_000_000_000),
        ),
        ("cap: each user", "caps.simulate", cap(each_user, 100_000_000)),
    ];
    let mut measured = Vec::new();
    for (what, command, args) in drafts {
        let started = Instant::now();
        let told = stage.ok(command, args).await;
        let took_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let refused = told.get("refused").or_else(|| told.get("refused_requests"));
        measured.push(Simulation {
            what,
            requests: told["requests"].as_u64().unwrap(),
            refused: refused.and_then(serde_json::Value::as_u64).unwrap(),
            took_ms,
        });
    }
    measured
}

async fn fill(stage: &Stage) {
    for from in (0..REQUESTS).step_by(AT_A_TIME as usize) {
        let records = (from..from + AT_A_TIME).map(|number| {
            stage.store.record(RequestRecord {
                row: row(number),
                trace: vec![],
                request_body: None,
                response_body: None,
                settlements: vec![],
                hit_key: None,
            })
        });
        for outcome in futures::future::join_all(records).await {
            outcome.expect("a recorded request");
        }
    }
    stage.store.fold_rollups().await.expect("rollups");
}

fn row(number: i64) -> RequestRow {
    let started_ms = NOW_MS - DAY_MS + 1 + number * (DAY_MS / REQUESTS);
    RequestRow {
        id: format!("{started_ms:012x}-{number}"),
        started_ms,
        duration_us: 1_200_000 + number % 900 * 1_000,
        user: format!("user-{}@example.com", number * 7_919 % USERS),
        cost_nanousd: NanoUsd(200_000 + number % 2_000_000),
        ..stage::bought(0)
    }
}
