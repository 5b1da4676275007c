//! The three paid endpoints: read the call, hand it to the engine, write the answer.

use super::{
    GatewayState,
    authenticate::{authenticate, status_of},
    body::{self, BodyError},
    reply,
    server::ClientAddress,
    wishes,
};
use axum::{
    body::{Body, Bytes},
    extract::{Extension, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::Value;
use std::sync::Arc;
use weir_contract::model::key::{KeyEndpoint, VirtualKey};
use weir_engine::{
    call::Call, passed_headers::passed_headers, pipeline, protocol::parse_chat, request::ClientProtocol,
};

pub(super) async fn chat_completions(
    state: State<GatewayState>,
    client: Extension<ClientAddress>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    serve(state.0, ClientProtocol::ChatCompletions, client.0, headers, body).await
}

pub(super) async fn messages(
    state: State<GatewayState>,
    client: Extension<ClientAddress>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    serve(state.0, ClientProtocol::Messages, client.0, headers, body).await
}

pub(super) async fn embeddings(
    state: State<GatewayState>,
    client: Extension<ClientAddress>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    serve(state.0, ClientProtocol::Embeddings, client.0, headers, body).await
}

async fn serve(
    state: GatewayState,
    protocol: ClientProtocol,
    client: ClientAddress,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let key = match authenticate(&state, &headers, endpoint_of(protocol)).await {
        Ok(key) => key,
        Err(problem) => {
            body::pass_over(&headers, body).await;
            let (status, code) = status_of(&problem);
            return reply::error(protocol, status, code, &problem.to_string());
        }
    };
    let most = state.config.file.gateway.max_body_bytes;
    let body = match body::read(&headers, body, most).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            let message =
                format!("the body is larger than {most} bytes; shorten it, or raise gateway.max_body_bytes");
            return reply::error(protocol, 413, "body_too_large", &message);
        }
        Err(BodyError::NotWhole) => {
            let message =
                "the body was not sent whole: it broke off or stopped for too long; send the call again";
            return reply::error(protocol, 408, "body_not_whole", message);
        }
    };
    match read_call(protocol, &headers, body, key, client) {
        Ok(call) => {
            let stream = call.stream;
            match pipeline::serve(&state.engine, call).await {
                Ok(answer) => reply::answer(answer, stream),
                Err(refusal) => reply::refusal(protocol, refusal),
            }
        }
        Err(message) => reply::error(protocol, 400, "invalid_request", &message),
    }
}

fn endpoint_of(protocol: ClientProtocol) -> KeyEndpoint {
    match protocol {
        ClientProtocol::ChatCompletions => KeyEndpoint::ChatCompletions,
        ClientProtocol::Messages => KeyEndpoint::Messages,
        ClientProtocol::Embeddings => KeyEndpoint::Embeddings,
    }
}

fn read_call(
    protocol: ClientProtocol,
    headers: &HeaderMap,
    body_text: Bytes,
    key: VirtualKey,
    client: ClientAddress,
) -> Result<Call, String> {
    let mut body: Value = serde_json::from_slice(&body_text)
        .map_err(|problem| format!("the body is not valid JSON: {problem}"))?;
    if !body.is_object() {
        return Err("the body must be a JSON object".to_owned());
    }
    let wishes = wishes::read(headers, &mut body)?;
    let chat = match protocol {
        ClientProtocol::Embeddings => {
            if body.get("input").is_none_or(Value::is_null) {
                return Err("\"input\" is missing: give a text or a list of texts to embed".to_owned());
            }
            None
        }
        _ => Some(Arc::new(
            parse_chat(protocol, &body).map_err(|problem| problem.message)?,
        )),
    };
    let model = match body.get("model") {
        None | Some(Value::Null) => {
            return Err(
                "\"model\" is missing: name a model, or \"auto\" for the cheapest that can do it".to_owned(),
            );
        }
        Some(Value::String(model)) => model.clone(),
        Some(_) => return Err("\"model\" must be a text".to_owned()),
    };
    Ok(Call {
        protocol,
        stream: chat.as_ref().is_some_and(|chat| chat.stream),
        body: Arc::new(body),
        body_text,
        chat,
        model,
        key,
        client_ip: Some(client.0.ip()),
        passed_headers: passed_headers(protocol, headers),
        wishes,
    })
}
