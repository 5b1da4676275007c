//! `POST /v1/feedback`: an application says whether a semantic hit was right.

use super::{
    GatewayState,
    authenticate::{authenticate, status_of},
    body, reply,
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use weir_contract::model::key::KeyEndpoint;
use weir_engine::{
    pipeline::{self, FeedbackProblem, tenant_of},
    request::ClientProtocol,
};

/// More than any feedback needs.
const MOST_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feedback {
    request_id: String,
    verdict: Verdict,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Right,
    Wrong,
}

fn failed(status: u16, code: &str, message: &str) -> Response {
    reply::error(ClientProtocol::ChatCompletions, status, code, message)
}

pub(super) async fn feedback(State(state): State<GatewayState>, headers: HeaderMap, body: Body) -> Response {
    let key = match authenticate(&state, &headers, KeyEndpoint::Listings).await {
        Ok(key) => key,
        Err(problem) => {
            body::pass_over(&headers, body).await;
            let (status, code) = status_of(&problem);
            return failed(status, code, &problem.to_string());
        }
    };
    let Ok(bytes) = body::read(&headers, body, MOST_BYTES).await else {
        return failed(
            400,
            "invalid_request",
            "the body is longer than 16 kB or was not sent whole",
        );
    };
    let said: Feedback = match serde_json::from_slice(&bytes) {
        Ok(said) => said,
        Err(problem) => {
            let message = format!(
                "{problem}; send {{\"request_id\": the x-weir-request-id of the answer, \"verdict\": \"wrong\" or \"right\"}}"
            );
            return failed(400, "invalid_request", &message);
        }
    };
    let same = said.verdict == Verdict::Right;
    let who = format!("key:{}", key.id);
    let tenant = tenant_of(&key);
    match pipeline::feedback(&state.engine, &said.request_id, same, Some(&tenant), &who).await {
        Ok(_) => Json(json!({
            "object": "feedback",
            "request_id": said.request_id,
            "verdict": if same { "right" } else { "wrong" },
            "never_match": !same,
        }))
        .into_response(),
        Err(problem) => {
            let (status, code) = match &problem {
                FeedbackProblem::Unknown(_) => (404, "request_not_found"),
                FeedbackProblem::NoHit(_) => (409, "no_semantic_hit"),
                FeedbackProblem::Store(_) => (503, "store_unavailable"),
            };
            failed(status, code, &problem.to_string())
        }
    }
}
