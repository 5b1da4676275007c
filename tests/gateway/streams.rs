//! Streams that break: the client is told, nothing is cached, what may have been spent is charged and marked.

use serde_json::{Value, json};
use std::time::Duration;
use support::{
    said::Said,
    stage::{Stage, chat, with},
    upstream::{Fault, Reply, Tokens},
};
use weir_contract::{NanoUsd, model::request::RequestStatus};

const PATHS: [&str; 2] = ["/v1/chat/completions", "/v1/messages"];
const MODELS: [&str; 3] = ["fake", "claude", "gem"];

fn long_text() -> String {
    (0..60).map(|number| format!("word{number} ")).collect()
}

async fn stream(stage: &Stage, path: &str, model: &str, text: &str) -> Said {
    stage
        .send(stage.post(path, &with(chat(model, text), json!({"stream": true}))))
        .await
        .expect(200)
}

/// Reads the first event and is gone, connection and all.
async fn leave_after_the_first_event(stage: &Stage, body: &Value) {
    let client = support::http_client();
    let request = client
        .post(format!("{}/v1/chat/completions", stage.base))
        .bearer_auth(&stage.key.secret)
        .json(body);
    let mut response = request.send().await.unwrap();
    response.chunk().await.unwrap().expect("a first event");
}

/// The stream ends in an error event of its protocol and never in a clean stop.
fn assert_ends_badly(path: &str, said: &Said, what: &str) {
    let events = said.events();
    let last = events.last().unwrap_or_else(|| panic!("{what}: no events"));
    assert!(last.contains("\"error\""), "{what}: {last}");
    if path == "/v1/messages" {
        assert!(
            said.body.contains("event: error") && !said.body.contains("message_stop"),
            "{what}: {}",
            said.body
        );
    } else {
        assert!(!said.body.contains("[DONE]"), "{what}: {}", said.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_ends_in_an_error_event_is_not_cached_and_is_charged_unsettled() {
    let stage =
        Stage::open_with("[timeouts]\nfirst_byte_seconds = 5\nidle_seconds = 1\nread_on_seconds = 1\n").await;
    stage.upstream.set_reply(Reply::Text(long_text()));
    // Cut in the middle of an event and between two; silence; an error event; nothing terminal.
    let faults = [
        Fault::CutAfter(1_501),
        Fault::StallAfter(1_501),
        Fault::ErrorEvent,
        Fault::NoTerminal,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        for path in PATHS {
            for provider in MODELS {
                let what = format!("{fault:?} {path} {provider}");
                let model = format!("{provider}/m{number}");
                stage.upstream.fail_times(fault.clone(), 1);
                let said = stream(&stage, path, &model, &what).await;
                assert_ends_badly(path, &said, &what);
                assert!(
                    said.text().starts_with("word0 "),
                    "{what}: what came was passed on: {}",
                    said.body
                );
                let row = stage.detail(&said).await.row;
                assert_eq!(
                    (row.status.as_str(), row.cost_basis.as_str()),
                    ("cut", "unsettled"),
                    "{what}"
                );
                assert!(row.cost_nanousd > NanoUsd::ZERO, "{what}");
                let again = stream(&stage, path, &model, &what).await;
                assert_eq!(again.cache(), "miss", "{what}: a cut answer is not kept");
                assert_eq!(again.text(), long_text(), "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_single_bytes_arrives_whole() {
    let stage = Stage::open().await;
    for path in PATHS {
        for provider in MODELS {
            stage
                .upstream
                .fail_times(Fault::ByteByByte(Duration::from_micros(50)), 1);
            let text = format!("größer {path} {provider}");
            let said = stream(&stage, path, &format!("{provider}/nano"), &text).await;
            assert_eq!(said.text(), format!("Echo: {text}"), "{}", said.body);
            assert_eq!(stage.detail(&said).await.row.status, RequestStatus::Ok);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_passed_on_while_they_come() {
    let stage = Stage::open().await;
    stage.upstream.hold_streams();
    for provider in ["fake", "claude"] {
        let body = with(chat(&format!("{provider}/nano"), "live"), json!({"stream": true}));
        let mut response = stage.post("/v1/chat/completions", &body).send().await.unwrap();
        let first = tokio::time::timeout(Duration::from_secs(5), response.chunk()).await;
        assert!(
            first.is_ok(),
            "{provider}: the first event came while the provider was still at it"
        );
    }
    stage.upstream.release();
}

/// BUD-6.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_recorded_with_the_usage_that_came_after() {
    let stage = Stage::open().await;
    stage.upstream.set_reply(Reply::Text(long_text()));
    stage.upstream.set_event_pause(Duration::from_millis(20));
    for provider in MODELS {
        let model = format!("{provider}/nano");
        let body = with(chat(&model, "bye"), json!({"stream": true}));
        leave_after_the_first_event(&stage, &body).await;
        let row = stage
            .row_where("the row of the client that left", |row| row.provider == provider)
            .await;
        assert_eq!(
            (row.status, row.cost_basis.as_str()),
            (RequestStatus::ClientGone, "settled"),
            "{row:#?}"
        );
        assert_eq!(
            (row.tokens.input, row.tokens.output_total()),
            (21, 13),
            "{provider}: read on for its usage"
        );
    }
}

/// BUD-6.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_provider_without_end_is_charged_what_was_reserved() {
    let stage =
        Stage::open_with("[timeouts]\nfirst_byte_seconds = 5\nidle_seconds = 60\nread_on_seconds = 1\n")
            .await;
    stage.upstream.set_reply(Reply::Text(long_text()));
    // 60 events of 100 ms: the gateway soon learns that the client left, and the end is too far away to wait for.
    stage.upstream.set_event_pause(Duration::from_millis(100));
    let body = with(chat("fake/nano", "endless"), json!({"stream": true}));
    leave_after_the_first_event(&stage, &body).await;
    let row = stage
        .row_where("the row", |row| row.requested_model == "fake/nano")
        .await;
    assert_eq!(row.status, RequestStatus::ClientGone, "{row:#?}");
    assert_eq!(row.cost_basis.as_str(), "unsettled");
    assert!(
        row.cost_nanousd > NanoUsd(85_000),
        "the reserved amount, not the likely one: {:?}",
        row.cost_nanousd
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_a_whole_answer_has_it_bought_and_kept() {
    let stage = Stage::open().await;
    stage.upstream.set_latency(Duration::from_secs(2));
    let request = stage.post("/v1/chat/completions", &chat("fake/nano", "impatient"));
    let thinking = support::eventually("the provider to be asked", || async {
        (stage.upstream.calls() > 0).then_some(())
    });
    tokio::select! {
        _ = request.send() => panic!("the client leaves while the provider is thinking"),
        () = thinking => {}
    }
    let row = stage.row_where("the row", |row| row.provider == "fake").await;
    assert_eq!(
        (row.cost_nanousd, row.cost_basis.as_str()),
        (NanoUsd(85_000), "settled")
    );
    assert_eq!(
        stage.ask("fake/nano", "impatient").await.expect(200).cache(),
        "response"
    );
    assert_eq!(stage.upstream.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_usage_is_charged_by_its_length() {
    let stage = Stage::open().await;
    stage.upstream.set_tokens(Tokens {
        reported: false,
        ..Tokens::default()
    });
    for provider in MODELS {
        let said = stream(&stage, PATHS[0], &format!("{provider}/nano"), "no usage").await;
        let row = stage.detail(&said).await.row;
        assert_eq!(
            (row.status, row.cost_basis.as_str()),
            (RequestStatus::Ok, "unsettled"),
            "{provider}"
        );
        assert!(row.cost_nanousd > NanoUsd::ZERO, "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_follows_a_stream_as_a_comment() {
    let stage = Stage::open().await;
    let said = stream(&stage, PATHS[0], "fake/nano", "cost").await;
    assert_eq!(
        said.header("x-weir-cost-usd"),
        "",
        "not known when the headers went out"
    );
    assert!(
        said.body
            .contains(&format!(": x-weir-cost-usd {}", NanoUsd(85_000).to_decimal())),
        "{}",
        said.body
    );
    let wanted = said.body.contains("\"usage\":{");
    assert!(
        !wanted,
        "usage that the client did not ask for is not passed on: {}",
        said.body
    );
}
