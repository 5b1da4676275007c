//! Cut, slow and broken answers.
#![allow(clippy::unwrap_used)]

use super::recorded::*;
use super::*;

#[tokio::test]
async fn a_stream_cut_at_any_byte_is_never_complete() {
    for to in PROVIDERS {
        for case in CASES {
            let (body, _) = recorded(to, case, true, false);
            for cut in 0..body.len() {
                let events = sse::SseParser::default().push(&body.as_bytes()[..cut]).unwrap();
                let done = match to {
                    ProviderProtocol::Openai => completes(
                        crate::protocol::chat_completions::event::EventDecoder::default(),
                        events,
                    ),
                    ProviderProtocol::Anthropic => {
                        completes(crate::protocol::messages::event::EventDecoder::default(), events)
                    }
                    // No event of this protocol ends the answer, only the orderly end of the body.
                    _ => completes(crate::protocol::gemini::event::EventDecoder::default(), events),
                };
                // The very last byte may be the line feed of a blank line whose carriage return already came.
                let marked = to != ProviderProtocol::Gemini;
                let whole = marked && body.ends_with("\r\n") && cut == body.len() - 1;
                assert_eq!(done, whole, "{to:?} {case:?} cut at {cut} of {}", body.len());
            }
        }
    }
}

fn completes<D: event_stream::DecodeEvents>(decoder: D, events: Vec<sse::SseEvent>) -> bool {
    let mut pieces = event_stream::Pieces::new("p", decoder, event_stream::PassRaw::Nothing, None);
    events.into_iter().any(|event| pieces.piece(event).unwrap().done)
}

/// The error that a reply leads to.
async fn error_of(to: ProviderProtocol, reply: Vec<u8>, stream: bool) -> UpstreamError {
    let (base_url, _served) = fake(reply).await;
    let mut call = call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, stream));
    call.first_byte_timeout = Duration::from_millis(900);
    call.idle_timeout = Duration::from_millis(300);
    match provider(to, &base_url, "THE_KEY").call(call).await {
        Err(error) => error,
        Ok(answer) => outcome(answer).await.expect_err("an error was expected"),
    }
}

#[tokio::test]
async fn every_fault_has_its_kind() {
    use UpstreamErrorKind::*;
    let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:44 GMT\r\n";
    for to in PROVIDERS {
        for stream in [false, true] {
            let (good, kind) = recorded(to, Case::Text, stream, false);
            let cut = http("200 OK", kind, "", &good);
            let json = "application/json";
            let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
            let huge = format!("data: {}\n\n", "x".repeat(2_000_000));
            let cells: Vec<(&str, Vec<u8>, UpstreamErrorKind, Option<u64>)> = vec![
                (
                    "429",
                    http("429 Too Many Requests", json, "retry-after: 3\r\n", "{}"),
                    RateLimited,
                    Some(3000),
                ),
                (
                    "429 date",
                    http("429 Too Many Requests", json, date, "{}"),
                    RateLimited,
                    Some(7000),
                ),
                (
                    "429 plain",
                    http("429 Too Many Requests", "text/plain", "", "slow"),
                    RateLimited,
                    None,
                ),
                ("500", http("500 Oops", json, "", "{}"), Overloaded, None),
                (
                    "503 wait",
                    http("503 Busy", "text/html", "retry-after: 1\r\n", "<html>"),
                    Overloaded,
                    Some(1000),
                ),
                ("529", http("529 Overloaded", json, "", "{}"), Overloaded, None),
                (
                    "401",
                    http(
                        "401 No",
                        json,
                        "",
                        r#"{"error":{"message":"bad key sk-very-secret"}}"#,
                    ),
                    Unauthorized,
                    None,
                ),
                ("404", http("404 Not Found", json, "", "{}"), NotSupported, None),
                (
                    "400",
                    http("400 Bad", json, "", r#"{"error":{"message":"no"}}"#),
                    BadRequest,
                    None,
                ),
                (
                    "redirect",
                    http("302 Found", json, "location: http://127.0.0.1:1/\r\n", ""),
                    Malformed,
                    None,
                ),
                (
                    "html",
                    http("200 OK", "text/html", "", "<html>hello"),
                    Malformed,
                    None,
                ),
                (
                    "half json",
                    http(
                        "200 OK",
                        kind,
                        "",
                        if stream { "data: {\"a\":\n\n" } else { "{\"a\":" },
                    ),
                    Malformed,
                    None,
                ),
                (
                    "deep json",
                    http(
                        "200 OK",
                        kind,
                        "",
                        &if stream { format!("data: {deep}\n\n") } else { deep },
                    ),
                    Malformed,
                    None,
                ),
                ("cut", cut[..cut.len() - 20].to_vec(), Truncated, None),
                ("closed", Vec::new(), Connection, None),
                (
                    "no answer",
                    b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec(),
                    Connection,
                    None,
                ),
            ];
            for (name, reply, expected, wait) in cells {
                let error = error_of(to, reply, stream).await;
                assert_eq!(
                    (error.kind, error.retry_after_ms),
                    (expected, wait),
                    "{to:?} {name} stream={stream}: {error}"
                );
                assert!(!error.message.contains("very-secret"), "{error}");
            }
            if stream {
                assert_eq!(
                    error_of(to, http("200 OK", kind, "", &huge), true).await.kind,
                    Malformed
                );
                assert_eq!(
                    error_of(to, http("200 OK", kind, "", ""), true).await.kind,
                    Truncated
                );
            }
        }
    }
}

#[tokio::test]
async fn nobody_there_and_no_key() {
    let call = || call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, false));
    let gone = provider(ProviderProtocol::Openai, "http://127.0.0.1:1/v1", "THE_KEY")
        .call(call())
        .await
        .err()
        .unwrap();
    assert_eq!(gone.kind, UpstreamErrorKind::Connection, "{gone}");
    let keyless = provider(ProviderProtocol::Anthropic, "http://127.0.0.1:1/v1", "OTHER")
        .call(call())
        .await
        .err()
        .unwrap();
    assert_eq!(keyless.kind, UpstreamErrorKind::Unauthorized);
    assert_eq!(
        keyless.message,
        "p needs a key, and the environment variable OTHER is not set"
    );
}

/// A server that sends `start` and then nothing, or one byte now and then.
async fn slow(start: Vec<u8>, drip: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 65536];
        let _ = socket.read(&mut buffer).await;
        let _ = socket.write_all(&start).await;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if drip && socket.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    format!("http://{address}/v1")
}

#[tokio::test]
async fn silence_and_dripping_are_timeouts() {
    let event = format!(
        "data: {}\n\n",
        json!({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": null}]})
    );
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    for (start, drip) in [
        ("", false),
        (head, false),
        (head, true),
        (&format!("{head}{event}"), false),
        (&format!("{head}{event}data: "), true),
    ] {
        let base_url = slow(start.as_bytes().to_vec(), drip).await;
        let mut call = call_of(CLIENTS[0], "m-1", question(CLIENTS[0], Case::Text, true));
        call.first_byte_timeout = Duration::from_millis(400);
        call.idle_timeout = Duration::from_millis(300);
        #[expect(
            clippy::disallowed_methods,
            reason = "the test measures how long a stalled provider holds a caller"
        )]
        let begun = std::time::Instant::now();
        let error = match provider(ProviderProtocol::Openai, &base_url, "THE_KEY")
            .call(call)
            .await
        {
            Err(error) => error,
            Ok(answer) => outcome(answer).await.unwrap_err(),
        };
        assert_eq!(
            error.kind,
            UpstreamErrorKind::Timeout,
            "{start:?} {drip}: {error}"
        );
        assert!(begun.elapsed() < Duration::from_millis(1700), "{start:?} {drip}");
    }
}
