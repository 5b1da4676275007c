//! Posts JSON and judges the answer. The address may be a secret, so no text names it.

use super::send::Outcome;
use reqwest::{RequestBuilder, StatusCode, header::RETRY_AFTER};

/// Longest part of a refusal that the history keeps.
const LONGEST_SAID_CHARS: usize = 200;

/// Sends; 2xx is taken. What may pass is tried again, what the other side has decided is not. Redirects are not followed:
/// they could lead anywhere, and carry the alert with them.
pub(super) async fn post(request: RequestBuilder) -> Outcome {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(problem) => {
            let problem = problem.without_url();
            return Outcome::TryAgain {
                note: format!("it could not be reached: {}", with_causes(&problem)),
                wish_ms: None,
            };
        }
    };
    let status = answer.status();
    if status.is_success() {
        return Outcome::Taken(format!("answered {}", status.as_u16()));
    }
    let wish_ms = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000));
    let said = said(answer).await;
    let note = format!("answered {}{said}", status.as_u16());
    if status.is_redirection() {
        return Outcome::GivenUp(format!(
            "{note}: it redirects, which is not followed; enter the final address"
        ));
    }
    let passes = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_client_error() && !passes.contains(&status) {
        return Outcome::GivenUp(format!("{note}; check the address and the secret"));
    }
    Outcome::TryAgain { note, wish_ms }
}

/// The beginning of what a refusal says, without control characters.
async fn said(mut answer: reqwest::Response) -> String {
    let first = answer.chunk().await.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&first);
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_SAID_CHARS)
        .collect();
    if text.is_empty() {
        text
    } else {
        format!(" ({text})")
    }
}

/// The innermost cause is the one that says something: `connection refused`.
fn with_causes(problem: &dyn std::error::Error) -> String {
    let mut innermost = problem;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
