//! Statuses that are not good.

use super::{
    always,
    cell::{Failure, Outcome},
    check_all,
};
use support::upstream::Fault;

fn fails(status: u16, code: &'static str, is_retried: bool) -> Outcome {
    Outcome::Fails(Failure {
        status,
        code,
        is_retried,
        is_free: true,
    })
}

fn wait(status: u16, retry_after: &str) -> Fault {
    Fault::Status {
        status,
        retry_after: Some(retry_after.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_blames_the_request_is_passed_on_and_never_tried_again() {
    let lines = [400, 404, 405, 410, 413, 415, 422, 451];
    let lines = lines.map(|status| always(Fault::status(status), fails(status, "invalid_request", false)));
    check_all(lines.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_blames_the_key_or_the_address_is_the_operators_and_never_tried_again() {
    let mut lines: Vec<_> = [401, 402, 403]
        .map(|status| {
            let outcome = fails(502, "provider_unauthorized", false);
            always(Fault::status(status), outcome)
        })
        .into();
    lines.push(always(Fault::Redirect, fails(502, "provider_failed", false)));
    lines.push(always(Fault::status(501), fails(502, "provider_failed", false)));
    check_all(lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_will_pass_is_tried_again_and_costs_nothing() {
    let mut lines: Vec<_> = [409, 425, 500, 502, 503, 504, 520, 529]
        .map(|status| always(Fault::status(status), fails(502, "provider_failed", true)))
        .into();
    lines.push(always(Fault::status(408), fails(504, "provider_failed", true)));
    lines.push(always(Fault::status(429), fails(429, "provider_failed", true)));
    lines.push(always(wait(429, "1"), fails(429, "provider_failed", true)));
    // The fake provider's clock stands at 06:00:00.
    let date = "Sat, 21 Nov 2026 06:00:01 GMT";
    lines.push(always(wait(429, date), fails(429, "provider_failed", true)));
    lines.push(always(wait(503, "1"), fails(502, "provider_failed", true)));
    check_all(lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_too_long_is_left_to_the_client() {
    let lines = [
        always(wait(429, "3600"), fails(429, "provider_failed", false)),
        always(
            wait(429, "Sat, 21 Nov 2026 07:00:00 GMT"),
            fails(429, "provider_failed", false),
        ),
        always(wait(503, "3600"), fails(502, "provider_failed", false)),
    ];
    check_all(lines.into()).await;
}
