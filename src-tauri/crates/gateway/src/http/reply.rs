//! Writing answers and errors: the client's own protocol in the body, Weir's facts in the headers.

use super::{guard::protocol_of, rate::put_rates};
use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::Response,
};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use weir_engine::{
    call::{Refusal, RefusalCode, Reply, ReplyBody, ReplyFacts, StreamItem},
    protocol::error_body,
    request::ClientProtocol,
};

/// An answer with its headers.
pub(super) fn answer(reply: Reply, stream: bool) -> Response {
    let body = match reply.body {
        ReplyBody::Whole(bytes) => Body::from(bytes),
        ReplyBody::Stream(receiver) => Body::from_stream(events_of(receiver).boxed()),
    };
    let mut response = Response::new(body);
    let content_type = if stream {
        "text/event-stream; charset=utf-8"
    } else {
        "application/json"
    };
    put(&mut response, "content-type", content_type);
    if stream {
        put(&mut response, "cache-control", "no-cache");
    }
    put_facts(&mut response, &reply.facts);
    response
}

/// The events of a stream; an error, which breaks the connection off, when they end without the last one.
fn events_of(receiver: mpsc::Receiver<StreamItem>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    futures::stream::unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        Some(match receiver.recv().await {
            Some(StreamItem::Events(events)) => (Ok(events), Some(receiver)),
            Some(StreamItem::Last(events)) => (Ok(events), None),
            None => (Err(std::io::Error::other("the answer broke off")), None),
        })
    })
}

/// A refusal in the client's own error shape.
pub(super) fn refusal(protocol: ClientProtocol, refusal: Refusal) -> Response {
    let extra = refusal
        .retry_after_seconds
        .map(|seconds| serde_json::json!({ "retryAfter": seconds }));
    let body = match refusal.raw {
        Some(raw) => Body::from(raw),
        None => Body::from(
            error_body(
                protocol,
                refusal.status,
                refusal.code.as_str(),
                &refusal.message,
                extra,
            )
            .to_string(),
        ),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_GATEWAY);
    put(&mut response, "content-type", "application/json");
    if let Some(seconds) = refusal.retry_after_seconds {
        put(&mut response, "retry-after", &seconds.to_string());
    }
    if !is_worth_repeating(refusal.code, refusal.retry_after_seconds) {
        // The official SDKs repeat every 429 and 5xx by themselves, unless they are told this.
        put(&mut response, "x-should-retry", "false");
    }
    put_facts(&mut response, &refusal.facts);
    response
}

/// False when the same call cannot fare better within a minute, the longest that an SDK waits by itself.
fn is_worth_repeating(code: RefusalCode, retry_after_seconds: Option<u64>) -> bool {
    use RefusalCode::{CacheOnlyMiss, CapReached, NoViableModel, ProviderUnauthorized, ScopeMissing};
    match code {
        CacheOnlyMiss | ProviderUnauthorized | ScopeMissing => false,
        CapReached | NoViableModel => retry_after_seconds.is_some_and(|seconds| seconds <= 60),
        _ => true,
    }
}

/// An error that met the request before the engine.
pub(super) fn error(protocol: ClientProtocol, status: u16, code: &str, message: &str) -> Response {
    let mut response = Response::new(Body::from(
        error_body(protocol, status, code, message, None).to_string(),
    ));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    put(&mut response, "content-type", "application/json");
    response
}

/// A path that is not there.
pub(super) async fn not_found(uri: Uri) -> Response {
    let message = format!(
        "there is no {}; Weir has POST /v1/chat/completions, /v1/messages, /v1/embeddings, /v1/feedback, /v1/search, PUT, GET and DELETE /v1/collections/NAME, POST and DELETE /v1/collections/NAME/items, DELETE /v1/cache/entries, and GET /v1/collections, /v1/models, /v1/providers, /v1/cache/stats, /metrics, /health/live, /health/ready",
        uri.path()
    );
    error(protocol_of(uri.path()), 404, "not_found", &message)
}

/// A path that is there, for other methods.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}", uri.path());
    error(protocol_of(uri.path()), 405, "method_not_allowed", &message)
}

fn put_facts(response: &mut Response, facts: &ReplyFacts) {
    put(response, "x-weir-request-id", &facts.request_id);
    // The official SDKs show this one in their exceptions.
    put(response, "request-id", &facts.request_id);
    put(response, "x-request-id", &facts.request_id);
    if let Some(cache) = facts.cache {
        put(response, "x-weir-cache", cache.as_str());
    }
    if let Some(tier) = facts.tier {
        put(response, "x-weir-tier", tier.as_str());
    }
    if !facts.model.is_empty() {
        put(
            response,
            "x-weir-model",
            &format!("{}/{}", facts.provider, facts.model),
        );
    }
    put(response, "x-weir-intent", &facts.intent);
    if let Some(cost) = facts.cost_nanousd {
        put(response, "x-weir-cost-usd", &cost.to_decimal());
    }
    put(response, "x-weir-saved-usd", &facts.saved_nanousd.to_decimal());
    put(response, "x-weir-attempts", &facts.attempts.to_string());
    if facts.simulated {
        put(response, "x-weir-simulated", "true");
    }
    put_rates(response, &facts.rate);
}

pub(super) fn put(response: &mut Response, name: &'static str, value: &str) {
    // A value from a client or a model's name may hold what headers may not; it is left out then, never the answer.
    if value.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_engine::pipeline::Problem;

    #[test]
    fn sdks_are_told_not_to_repeat_what_cannot_pass() {
        let told = |code, retry_after_seconds| {
            let problem = Problem {
                retry_after_seconds,
                ..Problem::new(code, "no")
            };
            let response = refusal(ClientProtocol::ChatCompletions, problem.bare());
            response.headers().contains_key("x-should-retry")
        };
        assert!(told(RefusalCode::CapReached, Some(40_000)));
        assert!(!told(RefusalCode::CapReached, Some(5)), "the period ends soon");
        assert!(told(RefusalCode::CacheOnlyMiss, None));
        assert!(!told(RefusalCode::RateLimited, Some(30)));
        assert!(
            !told(RefusalCode::NoViableModel, Some(5)),
            "a breaker closes soon"
        );
    }

    #[tokio::test]
    async fn a_stream_without_its_last_event_is_an_error() {
        let (sender, receiver) = mpsc::channel(2);
        sender
            .try_send(StreamItem::Events(Bytes::from_static(b"a")))
            .expect("room");
        drop(sender);
        let items: Vec<bool> = events_of(receiver).map(|item| item.is_ok()).collect().await;
        assert_eq!(items, [true, false]);
        let (sender, receiver) = mpsc::channel(2);
        sender
            .try_send(StreamItem::Last(Bytes::from_static(b"z")))
            .expect("room");
        drop(sender);
        let items: Vec<bool> = events_of(receiver).map(|item| item.is_ok()).collect().await;
        assert_eq!(items, [true]);
    }
}
