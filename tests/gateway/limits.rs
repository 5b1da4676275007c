//! Rate limits: literally at most N in any window, told in every header family, and a wait that is true.

use std::time::{Duration, Instant};
use support::{
    said::Said,
    stage::{Stage, chat},
};
use weir_contract::command::limits::{LimitsList, LimitsSave};

fn limit(subject: &str, window_seconds: u32) -> String {
    format!(
        "[[limits]]\nname = \"{subject}-limit\"\nsubject = \"{subject}\"\nmax_requests = 3\nwindow_seconds = {window_seconds}\nenabled = true\n"
    )
}

fn number(said: &Said, header: &str) -> i64 {
    said.header(header)
        .parse()
        .unwrap_or_else(|_| panic!("{header}: {said:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_is_refused_with_all_headers_and_passes_after_the_wait_it_was_told() {
    let stage = Stage::open_with(&limit("key", 2)).await;
    for remaining in [2, 1, 0] {
        let said = stage.ask("fake/nano", "counted").await.expect(200);
        assert_eq!(
            (
                number(&said, "x-ratelimit-limit"),
                number(&said, "x-ratelimit-remaining")
            ),
            (3, remaining)
        );
        assert_eq!(said.header("ratelimit-policy"), "\"key-limit\";q=3;w=2");
        assert!(
            said.header("ratelimit")
                .starts_with(&format!("\"key-limit\";r={remaining};t=")),
            "{said:#?}"
        );
    }
    let other = stage.new_key("").await;
    let refused = stage.ask("fake/nano", "counted").await.expect(429);
    let told_at = Instant::now();
    let wait = number(&refused, "retry-after");
    assert!((1..=3).contains(&wait), "{refused:#?}");
    assert_eq!(
        (
            number(&refused, "x-ratelimit-limit"),
            number(&refused, "x-ratelimit-remaining")
        ),
        (3, 0)
    );
    assert!(number(&refused, "x-ratelimit-reset") >= 0);
    assert!(!refused.header("ratelimit").is_empty() && !refused.header("ratelimit-policy").is_empty());
    let body = refused.json();
    assert_eq!(
        (&body["retryAfter"], &body["error"]["code"]),
        (&wait.into(), &"rate_limit_exceeded".into())
    );
    assert!(
        body["error"]["message"].as_str().unwrap().contains("key-limit"),
        "{body}"
    );
    let row = stage.detail(&refused).await.row;
    assert_eq!((row.status.as_str(), row.http_status), ("refused", 429));

    // Anthropic's shape, and another key is not affected.
    let said = stage
        .send(stage.post("/v1/messages", &chat("fake/nano", "counted")))
        .await
        .expect(429);
    assert_eq!(
        (
            said.json()["error"]["type"].as_str(),
            said.json()["retryAfter"].is_i64()
        ),
        (Some("rate_limit_error"), true)
    );
    stage
        .send(stage.post_as(&other.secret, "/v1/chat/completions", &chat("fake/nano", "other")))
        .await
        .expect(200);

    // Waiting as told is enough; refused calls did not count.
    let wait = Duration::from_secs(wait.unsigned_abs());
    tokio::time::sleep(wait.saturating_sub(told_at.elapsed())).await;
    stage.ask("fake/nano", "counted").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_allowed_in_any_window() {
    let stage = Stage::open_with(&limit("key", 1)).await;
    let mut admitted: Vec<Instant> = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(3_500) {
        let sent = Instant::now();
        if stage.ask("fake/nano", "hammer").await.status == 200 {
            admitted.push(sent);
        }
    }
    // A call is counted between being sent and being answered; answers in a row make `sent` of the fourth the later one.
    for four in admitted.windows(5) {
        let span = four[4].duration_since(four[0]);
        assert!(span >= Duration::from_secs(1), "five admitted within {span:?}");
    }
    assert!(admitted.len() >= 9, "only {} admitted", admitted.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_addresses_are_counted_by_themselves() {
    let stage = Stage::open_with(&limit("user", 60)).await;
    for _ in 0..3 {
        stage
            .ask_with(&[("x-weir-user", "ann")], "fake/nano", "x")
            .await
            .expect(200);
    }
    stage
        .ask_with(&[("x-weir-user", "ann")], "fake/nano", "x")
        .await
        .expect(429);
    stage
        .ask_with(&[("x-weir-user", "bob")], "fake/nano", "x")
        .await
        .expect(200);
    stage.ask("fake/nano", "nobody in particular").await.expect(200);

    let stage = Stage::open_with(&limit("ip", 60)).await;
    let other = stage.new_key("").await;
    for _ in 0..3 {
        stage.ask("fake/nano", "x").await.expect(200);
    }
    stage
        .send(stage.post_as(&other.secret, "/v1/chat/completions", &chat("fake/nano", "x")))
        .await
        .expect(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_at_once_and_keeps_what_was_counted() {
    let stage = Stage::open_with(&limit("key", 60)).await;
    for _ in 0..3 {
        stage.ask("fake/nano", "x").await.expect(200);
    }
    stage.ask("fake/nano", "x").await.expect(429);
    let mut state = stage.admin(LimitsList {}).await.remove(0);
    assert_eq!((state.active_callers, state.refused), (1, 1), "{state:?}");
    state.limit.most = 4;
    stage
        .admin(LimitsSave {
            limit: state.limit,
            expected_version: state.version,
        })
        .await;
    stage.ask("fake/nano", "x").await.expect(200);
    stage.ask("fake/nano", "x").await.expect(429);
}
