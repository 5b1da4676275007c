//! A call as the router would make it, for the providers' tests.
#![allow(clippy::unwrap_used)]

use super::UpstreamCall;
use crate::{protocol::parse_chat, request::ClientProtocol};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

pub(crate) fn call_of(protocol: ClientProtocol, model: &str, body: Value) -> UpstreamCall {
    let chat = parse_chat(protocol, &body).unwrap();
    UpstreamCall {
        protocol,
        model: model.to_owned(),
        stream: chat.stream,
        chat: Arc::new(chat),
        body: Arc::new(body),
        headers: reqwest::header::HeaderMap::new(),
        simulate: None,
        first_byte_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(2),
    }
}
