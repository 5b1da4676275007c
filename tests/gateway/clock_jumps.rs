//! CLK-1: the machine's clock jumps by hours and years while a real gateway runs, and neither money, limits nor the cache believe it.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use support::{
    http_client,
    process::{Serving, run},
    said::Said,
    stage::{PROVIDER_KEY, chat, configuration, with},
    upstream::Upstream,
};

const LIMITS: &str = "[[limits]]\nname = \"per-user\"\nsubject = \"user\"\nmax_requests = 5\nwindow_seconds = 600\nenabled = true\n\
     [[caps]]\nname = \"large-daily\"\nscope = { kind = \"model\", value = \"fake/large\" }\nperiod = \"day\"\ntime_zone = \"UTC\"\n\
     limit_nanousd = 20000000\naction = \"refuse\"\nalert_percent = 80\nenabled = true\n";

/// In an hour and in a year, both ways; then set right again. Together longer than the minute after which old rows are dropped.
const JUMPS: [&str; 5] = ["+3600", "-3600", "+31536000", "-31536000", "+0"];
const EACH: Duration = Duration::from_secs(14);

/// The library that shows a process another time.
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a Linux system");
    folders
        .filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketimeMT.so.1")))
        .find(|path| path.exists())
        .expect("libfaketime is missing: run `cargo xtask setup`")
}

fn now_ms() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(passed.as_millis()).unwrap()
}

async fn printed(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let output = run(folder, arguments, environment).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{text}"))
}

struct Door {
    base: String,
    key: String,
}

impl Door {
    async fn ask(&self, model: &str, text: &str, user: Option<&str>) -> Said {
        let mut body = chat(model, text);
        if let Some(user) = user {
            body = with(body, json!({"user": user}));
        }
        let request = http_client()
            .post(format!("{}/v1/chat/completions", self.base))
            .bearer_auth(&self.key)
            .json(&body);
        Said::read(request.send().await.unwrap()).await
    }

    /// Fills the limit, the cap and the cache.
    async fn fill(&self) {
        for number in 0..5 {
            let text = format!("fills the limit {number}");
            self.ask("fake/nano", &text, Some("ana")).await.expect(200);
        }
        self.ask("fake/nano", "kept", None).await.expect(200);
        for number in 0..60 {
            let said = self.ask("fake/large", &format!("spends {number}"), None).await;
            if said.status == 429 {
                return;
            }
            said.expect(200);
        }
        panic!("the cap never closed");
    }

    /// What holds whatever the clock shows.
    async fn check(&self, jump: &str) {
        let kept = self.ask("fake/nano", "kept", None).await.expect(200);
        assert_eq!(kept.header("x-weir-cache"), "response", "{jump}: {kept:#?}");
        let over = self.ask("fake/nano", "one more", Some("ana")).await.expect(429);
        assert!(over.body.contains("per-user"), "{jump}: a free refill: {over:#?}");
        let dear = self
            .ask("fake/large", &format!("dear {jump}"), None)
            .await
            .expect(429);
        assert!(
            dear.body.contains("large-daily"),
            "{jump}: a free refill: {dear:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_refills_nothing_and_expires_nothing() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let rc = folder.path().join("faketime");
    std::fs::write(
        folder.path().join("weir.toml"),
        configuration(&upstream.origin(), LIMITS),
    )
    .unwrap();
    std::fs::write(&rc, "+0").unwrap();
    let url = format!("sqlite://{}", folder.path().join("weir.db").display());
    let right = [
        PROVIDER_KEY,
        ("WEIR_DATABASE", &url),
        ("WEIR_LISTEN", "127.0.0.1:0"),
    ];
    let (library, rc_path) = (faketime().display().to_string(), rc.display().to_string());
    let faked = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", rc_path.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let wrong: Vec<_> = right.into_iter().chain(faked).collect();
    let began_ms = now_ms();
    let mut serving = Serving::start(folder.path(), &["--config", "weir.toml"], &wrong).await;
    let key = printed(
        folder.path(),
        &["key", "create", "--name", "test", "--json"],
        &right,
    )
    .await;
    let door = Door {
        base: serving.base.clone(),
        key: key["key"].as_str().unwrap().to_owned(),
    };
    door.fill().await;
    for jump in JUMPS {
        std::fs::write(&rc, jump).unwrap();
        tokio::time::sleep(EACH).await;
        door.check(jump).await;
    }
    serving.terminate().await;
    assert_eq!(serving.ended().await, Some(0));

    let page = printed(
        folder.path(),
        &[
            "admin",
            "call",
            "requests.list",
            r#"{"filter": {}, "cursor": null, "limit": 100}"#,
        ],
        &right,
    )
    .await;
    let rows = page["rows"].as_array().unwrap();
    assert!(rows.len() >= 20, "nothing was dropped: {page}");
    for row in rows {
        let started_ms = row["started_ms"].as_i64().unwrap();
        assert!((began_ms..=now_ms()).contains(&started_ms), "{row}");
        for duration in ["duration_us", "first_byte_us", "upstream_us"] {
            let took_us = row[duration].as_i64().unwrap();
            assert!((0..60_000_000).contains(&took_us), "{duration}: {row}");
        }
    }
    let check = printed(folder.path(), &["admin", "call", "caps.list"], &right).await;
    let cap = &check[0];
    let (spent, limit) = (cap["spent_nanousd"].as_i64().unwrap(), 20_000_000);
    assert!(spent > 0 && spent <= limit, "{cap}");
}
