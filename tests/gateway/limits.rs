//! Rate limits: literally at most N in any window, told in every header family, and a wait that is true.

use std::time::{Duration, Instant};
use support::{
    said::Said,
    stage::{Stage, chat},
};
use weir_contract::{
    command::limits::{LimitsList, LimitsSave, LimitsSimulate},
    model::limit::LimitSubject,
};

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
    let mut admitted = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(3_500) {
        let sent = started.elapsed();
        if stage.ask("fake/nano", "hammer").await.status == 200 {
            admitted.push((sent, started.elapsed()));
        }
    }
    let most = support::admitted::most_surely_within(Duration::from_secs(1), &admitted);
    assert!(most <= 3, "{most} admitted within a second");
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

fn limit_of(name: &str, more: &str) -> String {
    format!("[[limits]]\nname = \"{name}\"\nwindow_seconds = 60\nenabled = true\n{more}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_header_family_tells_of_requests_and_tokens() {
    let tokens = limit_of("tokens", "subject = \"key\"\nmeasure = \"tokens\"\nmost = 100000");
    let requests = limit_of("requests", "subject = \"key\"\nmost = 50");
    let stage = Stage::open_with(&format!("{requests}{tokens}")).await;
    let said = stage.ask("fake/nano", "all families").await.expect(200);
    for (header, value) in [
        ("x-ratelimit-limit-requests", "50"),
        ("x-ratelimit-limit-tokens", "100000"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-tokens-limit", "100000"),
        (
            "ratelimit-policy",
            "\"requests\";q=50;w=60, \"tokens\";q=100000;qu=\"tokens\";w=60",
        ),
    ] {
        assert_eq!(said.header(header), value, "{said:#?}");
    }
    assert_eq!(number(&said, "x-ratelimit-remaining-requests"), 49);
    assert!(said.header("anthropic-ratelimit-requests-reset").ends_with('Z'));
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_counts_and_refuses_nobody() {
    let stage = Stage::open_with(&limit_of("watch", "subject = \"key\"\nmost = 2\nshadow = true")).await;
    for _ in 0..5 {
        let said = stage.ask("fake/nano", "watched").await.expect(200);
        assert_eq!(
            said.header("x-ratelimit-limit"),
            "",
            "a limit that refuses nobody is not told of"
        );
    }
    let state = stage.admin(LimitsList {}).await.remove(0);
    assert_eq!((state.refused, state.would_refuse), (0, 3), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_held_by_estimate_and_settled_from_usage() {
    let stage = Stage::open_with(&limit_of(
        "tokens",
        "subject = \"key\"\nmeasure = \"tokens\"\nmost = 5000",
    ))
    .await;
    // The estimate is above four thousand tokens; what is used is little, so the next one fits, too.
    for turn in 0..4 {
        stage
            .ask_with(&[("x-weir-cache", "off")], "fake/nano", &format!("turn {turn}"))
            .await
            .expect(200);
    }
    let state = stage.admin(LimitsList {}).await.remove(0);
    let used = state.busiest.map_or(0, |(_, used)| used);
    assert!((1..5_000).contains(&used), "{used}");
    let large = chat("fake/nano", &"word ".repeat(6_000));
    let refused = stage
        .send(stage.post("/v1/chat/completions", &large))
        .await
        .expect(429);
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("this call alone may need"), "{message}");
    assert_eq!(refused.header("retry-after"), "", "waiting does not help");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_have_a_limit_of_their_own() {
    let stage = Stage::open_with(&limit_of(
        "reads",
        "subject = \"key\"\nendpoint_class = \"reads\"\nmost = 2",
    ))
    .await;
    let read = || {
        stage
            .client
            .get(format!("{}/v1/models", stage.base))
            .bearer_auth(&stage.key.secret)
    };
    for remaining in [1, 0] {
        let said = stage.send(read()).await.expect(200);
        assert_eq!(number(&said, "x-ratelimit-remaining"), remaining);
    }
    let refused = stage.send(read()).await.expect(429);
    assert!(number(&refused, "retry-after") >= 1);
    stage.ask("fake/nano", "a call is no read").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_intents_are_counted_by_themselves() {
    for (subject, header) in [("event", "x-weir-event"), ("intent", "x-weir-intent")] {
        let stage = Stage::open_with(&limit_of("l", &format!("subject = \"{subject}\"\nmost = 1"))).await;
        stage
            .ask_with(&[(header, "one")], "fake/nano", "x")
            .await
            .expect(200);
        let refused = stage
            .ask_with(&[(header, "one")], "fake/nano", "x")
            .await
            .expect(429);
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        let expected = format!(
            "the limit \"l\" allows 1 request in any 60 s for each {subject}; used: 1; this one is not counted"
        );
        assert!(message.starts_with(&expected), "{message}");
        stage
            .ask_with(&[(header, "two")], "fake/nano", "x")
            .await
            .expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_tried_on_what_was_recorded() {
    let stage = Stage::open_with(&limit_of("l", "subject = \"key\"\nmost = 1000")).await;
    for turn in 0..7 {
        stage
            .ask_with(&[("x-weir-user", "ann")], "fake/nano", &format!("turn {turn}"))
            .await
            .expect(200);
    }
    let mut limit = stage.admin(LimitsList {}).await.remove(0).limit;
    limit.subject = LimitSubject::User;
    limit.most = 3;
    let told = stage.admin(LimitsSimulate { limit, hours: 24 }).await;
    assert_eq!(
        (told.requests, told.refused, told.callers_refused),
        (7, 4, 1),
        "{told:?}"
    );
    assert_eq!(told.worst[0].caller, "ann");
}
