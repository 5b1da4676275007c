//! `POST /v1/search`: the items of a collection that are nearest to a text, from the kept result where there is one.

use super::{
    GatewayState,
    body::{self, BodyError},
    listing::checked_for,
    reply,
    server::ClientAddress,
};
use axum::{
    body::Body,
    extract::{Extension, State},
    http::HeaderMap,
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;
use weir_contract::model::key::KeyEndpoint;
use weir_engine::{
    cache::semantic::embedder::EmbedFailure,
    pipeline::tenant_of,
    request::ClientProtocol,
    search::{Search, SearchProblem},
};

/// More than any query needs.
const MOST_BYTES: usize = 256 * 1024;
const USUAL_MOST: u32 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    collection: String,
    query: String,
    k: Option<u32>,
    threshold: Option<f32>,
}

/// What a body must be, for the message when it is something else.
const SHAPE: &str = "send {\"collection\": name, \"query\": text, \"k\": most matches (5), \"threshold\": least similarity from -1 to 1 (-1, so none is too far)}";

pub(super) async fn search(
    State(state): State<GatewayState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let reading = match checked_for(&state, client, &headers, KeyEndpoint::Embeddings).await {
        Ok(reading) => reading,
        Err(refusal) => {
            body::pass_over(&headers, body).await;
            return refusal;
        }
    };
    let wanted: Wanted = match read(&headers, body, MOST_BYTES, SHAPE).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let search = Search {
        collection: wanted.collection,
        query: wanted.query,
        most: wanted.k.unwrap_or(USUAL_MOST),
        threshold: wanted.threshold.unwrap_or(-1.0),
    };
    let tenant = tenant_of(&reading.key);
    match weir_engine::search::search(&state.engine, &tenant, &search).await {
        Ok(answer) => {
            let word = if answer.is_hit { "hit" } else { "miss" };
            let data: Vec<_> = answer
                .matches
                .into_iter()
                .map(|found| {
                    json!({
                        "id": found.id,
                        "similarity": found.similarity,
                        "text": found.text,
                        "source": found.source,
                        "metadata": found.metadata,
                    })
                })
                .collect();
            let mut response = reading.answer(json!({
                "object": "list",
                "cache": word,
                "collection": {
                    "name": search.collection,
                    "version": answer.version,
                    "items": answer.items,
                    // Fewer than the items while a new embedder works through them, and of those that it cannot read.
                    "searched": answer.searched,
                },
                "data": data,
            }));
            reply::put(&mut response, "x-weir-cache", word);
            response
        }
        Err(problem) => failed(&problem),
    }
}

/// Reads a JSON body of this shape.
pub(super) async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    shape: &str,
) -> Result<T, Response> {
    let error =
        |status, code, message: &str| reply::error(ClientProtocol::ChatCompletions, status, code, message);
    let bytes = match body::read(headers, body, most).await {
        Ok(bytes) => bytes,
        Err(BodyError::TooLarge) => {
            let message = format!("the body is larger than {most} bytes; send less at once");
            return Err(error(413, "body_too_large", &message));
        }
        Err(BodyError::NotWhole) => {
            return Err(error(
                408,
                "body_not_whole",
                "the body was not sent whole; send the call again",
            ));
        }
    };
    serde_json::from_slice(&bytes)
        .map_err(|problem| error(400, "invalid_request", &format!("{problem}; {shape}")))
}

/// The answer to what cannot be done.
pub(super) fn failed(problem: &SearchProblem) -> Response {
    let (status, code) = match problem {
        SearchProblem::Bad(_) => (400, "invalid_request"),
        SearchProblem::NoCollection(_) => (404, "collection_not_found"),
        SearchProblem::Full | SearchProblem::TooLarge(_) => (413, "collection_full"),
        SearchProblem::Embed {
            failure: EmbedFailure::TooLong,
            ..
        } => (400, "text_too_long"),
        SearchProblem::Embed { .. } | SearchProblem::NoEmbedder(_) => (503, "embedder_unavailable"),
        SearchProblem::Store(_) => (503, "store_unavailable"),
    };
    reply::error(
        ClientProtocol::ChatCompletions,
        status,
        code,
        &problem.to_string(),
    )
}
