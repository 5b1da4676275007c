//! Good statuses with answers that are late, broken, wrong, too large, or only unusual.

use super::{
    Line, always,
    cell::{Failure, Outcome},
    check_all, either,
};
use std::time::Duration;
use support::upstream::Fault;

/// Fails for the time being, and may have been billed.
const LOST: Outcome = failed(502, false);
const LATE: Outcome = failed(504, false);
/// Fails for the time being, and says itself that nothing was done.
const FREE: Outcome = failed(502, true);

const fn failed(status: u16, is_free: bool) -> Outcome {
    Outcome::Fails(Failure {
        status,
        code: "provider_failed",
        is_retried: true,
        is_free,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_late_is_a_timeout() {
    let lines = vec![
        always(Fault::Silent, LATE),
        always(Fault::SlowHead(Duration::from_millis(60)), LATE),
        always(Fault::StallAfter(0), LATE),
        either(Fault::StallAfter(600), LATE, Outcome::Cut),
        always(Fault::ByteByByte(Duration::from_millis(100)), LATE),
    ];
    check_all(lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_never_whole() {
    let lines = vec![
        always(Fault::Reset, FREE),
        always(Fault::CutAfter(0), LOST),
        always(Fault::ResetAfter(0), LOST),
        either(Fault::CutAfter(600), LOST, Outcome::Cut),
        either(Fault::ResetAfter(600), LOST, Outcome::Cut),
        either(Fault::HalfJson, LOST, Outcome::Cut),
        either(Fault::ShortLength, LOST, Outcome::Cut),
        // The end mark came, so nothing is missing; without one, only the end of the body says so.
        Line {
            gemini_stream: Outcome::Cut,
            ..either(Fault::LongLength, LOST, Outcome::Fine)
        },
        either(Fault::NoTerminal, Outcome::Fine, Outcome::Cut),
        either(Fault::NoFinish, LOST, Outcome::Cut),
    ];
    check_all(lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_answer_is_an_error() {
    let limited = r#"{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}"#;
    let lines = vec![
        always(Fault::Html, LOST),
        always(Fault::EmptyBody, LOST),
        always(Fault::status(204), FREE),
        always(Fault::ErrorInside, FREE),
        always(
            Fault::Body {
                status: 200,
                body: limited.to_owned(),
            },
            failed(429, true),
        ),
        either(Fault::ErrorEvent, Outcome::Fine, Outcome::Cut),
        either(Fault::InvalidUtf8, LOST, Outcome::Cut),
        either(Fault::NulByte, LOST, Outcome::Cut),
        either(Fault::Huge, LOST, Outcome::Cut),
        either(Fault::GzipBomb, LOST, Outcome::Cut),
        // Without a mark of its own, Gemini's answer goes on after the reason to stop.
        Line {
            gemini_stream: Outcome::Fine,
            ..either(Fault::EndFirst, Outcome::Fine, Outcome::Cut)
        },
    ];
    check_all(lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_only_unusual_is_an_answer() {
    let lines = vec![
        always(Fault::Interim, Outcome::Fine),
        always(Fault::Http10, Outcome::Fine),
        always(Fault::Gzip, Outcome::Fine),
        always(Fault::RepeatEnd, Outcome::Fine),
        always(Fault::NoUsage, Outcome::Estimated),
        always(Fault::NegativeUsage, Outcome::Estimated),
        // JSON is JSON under any name, but what does not say that it is a stream of events cannot be read as one.
        either(Fault::ContentType("text/plain"), Outcome::Fine, LOST),
        either(Fault::ContentType(""), Outcome::Fine, LOST),
    ];
    check_all(lines).await;
}
