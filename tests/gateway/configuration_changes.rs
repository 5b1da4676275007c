//! CFG-1: hundreds of configurations under load, wrong ones among them. A wrong one never runs, the one before can be brought back,
//! and each call is decided by one version from its beginning to its end.

use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use support::{
    draw::Draw,
    eventually,
    stage::{Stage, admin},
};
use weir_contract::{
    ErrorCode, NanoUsd,
    command::caps::{CapsList, CapsSave},
    model::cap::{Cap, CapState},
};
use weir_engine::{change::Act, clock::Clock, clock::SystemClock};

const CHANGES: usize = 500;
const CALLERS: usize = 4;
/// All but one of a hundred.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);
const DOLLAR: i64 = NanoUsd::PER_USD;
const CAPS: &str = "[[caps]]\nname = \"global-daily\"\nscope = { kind = \"global\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
                    limit_nanousd = 1000000000000\naction = \"refuse\"\nalert_percent = 80\nenabled = true\n";

async fn cap(stage: &Stage) -> CapState {
    let caps = stage.admin(CapsList {}).await;
    caps.into_iter().next().expect("the cap")
}

/// Waits until the gateway runs this version, and says how long that took.
async fn until_running(stage: &Stage, version: i64) -> Duration {
    let since = Instant::now();
    eventually("the version to be followed", || async {
        (stage.gateway.status().config_version == version).then_some(())
    })
    .await;
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_configurations_never_run_and_calls_know_one_version() {
    let stage = Stage::open_with(CAPS).await;
    let store = &stage.gateway.admin().store;
    let mut draw = Draw::seeded("configurations");
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let calling = async || {
        while !is_over.load(Ordering::Relaxed) {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            // Some are bought and some are cached; no limit that is drawn refuses any.
            let text = format!("question {}", number % 50);
            stage.ask("fake/nano", &text).await.expect(200);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let changing = async {
        let first = cap(&stage).await;
        // The newest version that may run, its cap, and the version of what is stored, right or wrong.
        let (mut good, mut stored) = (first.cap, first.version);
        let mut ran = BTreeSet::from([stage.gateway.status().config_version]);
        let (mut wrong, mut took) = (0, Vec::new());
        for _ in 0..CHANGES {
            match draw.below(4) {
                // Refused at the door: nothing is stored.
                0 => {
                    let mars = Cap {
                        time_zone: "Mars/Olympus".to_owned(),
                        ..good.clone()
                    };
                    let command = CapsSave {
                        cap: mars,
                        expected_version: stored,
                    };
                    let refused = admin(&stage.gateway, command).await.unwrap_err();
                    assert_eq!(refused.code, ErrorCode::InvalidArgument, "{refused}");
                    wrong += 1;
                }
                // Stored by something else than Weir's door, and then brought back to what was there before.
                1 => {
                    let bodies = [
                        "{}".to_owned(),
                        "not JSON".to_owned(),
                        json!({"name": "global-daily", "limit_nanousd": "much"}).to_string(),
                    ];
                    let before = stage.gateway.status().config_version;
                    let act = Act::of_weir("test", SystemClock::new().now_ms());
                    let body = draw.one(&bodies);
                    let version = store
                        .save_config("cap", "global-daily", body, stored, &act)
                        .await
                        .unwrap();
                    wrong += 1;
                    if draw.below(10) == 0 {
                        // Long enough for the gateway to see it.
                        tokio::time::sleep(Duration::from_millis(1_200)).await;
                    }
                    assert_eq!(
                        stage.gateway.status().config_version,
                        before,
                        "a wrong configuration runs"
                    );
                    let command = CapsSave {
                        cap: good.clone(),
                        expected_version: version,
                    };
                    stored = stage.admin(command).await.version;
                    took.push(until_running(&stage, stored).await);
                    ran.insert(stored);
                }
                _ => {
                    good.limit_nanousd = NanoUsd((100 + draw.between(0, 900)) * DOLLAR);
                    let command = CapsSave {
                        cap: good.clone(),
                        expected_version: stored,
                    };
                    stored = stage.admin(command).await.version;
                    took.push(until_running(&stage, stored).await);
                    ran.insert(stored);
                }
            }
        }
        assert!(wrong > CHANGES / 4, "only {wrong} were wrong");
        took.sort();
        let p99 = took[took.len() * 99 / 100];
        println!("followed: p99 {p99:?}, longest {:?}", took.last());
        assert!(p99 <= FOLLOWED_WITHIN, "{took:?}");
        assert_eq!(cap(&stage).await.cap, good);
        is_over.store(true, Ordering::Relaxed);
        ran
    };
    let all_call = futures::future::join_all((0..CALLERS).map(|_| calling()));
    let (ran, _) = tokio::join!(changing, all_call);
    let rows = stage.rows().await;
    assert!(rows.len() >= 50);
    for row in rows {
        let detail = stage
            .admin(weir_contract::command::requests::RequestsGet { id: row.id })
            .await;
        let versions: Vec<i64> = detail
            .trace
            .iter()
            .filter(|step| step.stage == "configuration")
            .map(|step| step.facts[0].1.parse().unwrap())
            .collect();
        assert_eq!(versions.len(), 1, "one version decides");
        assert!(ran.contains(&versions[0]), "version {} never ran", versions[0]);
    }
    println!("{} calls beside {CHANGES} changes", asked.load(Ordering::Relaxed));
}
