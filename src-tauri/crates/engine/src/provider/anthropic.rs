//! Anthropic's Claude, through `/messages`.

use super::{
    Provider, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, WholeAnswer,
    endpoint::Endpoint,
    event_stream::{PassRaw, Pieces, pieces},
    failure::failure,
    patch,
};
use crate::{
    protocol::messages::{answer, event::EventDecoder, request},
    request::ClientProtocol,
};
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Used when the configuration gives no base URL.
pub const DEFAULT_BASE_URL: &str = "https://api.anthropic.com/v1";
/// The protocol's version, sent with every call.
pub const VERSION: &str = "2023-06-01";

/// The adapter.
#[derive(Debug)]
pub struct Anthropic {
    endpoint: Endpoint,
}

impl Anthropic {
    /// Over an endpoint whose base URL was checked.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Anthropic {
        Anthropic { endpoint }
    }
}

/// The body to send: the client's own with as little changed as can be, or one written from the neutral form.
///
/// # Errors
/// A sentence, when the call cannot be said in this protocol.
pub fn encode_request(call: &UpstreamCall) -> Result<Vec<u8>, String> {
    if call.protocol != ClientProtocol::Messages {
        let body = request::encode(&call.chat, &call.model)?;
        return Ok(patch::to_bytes(&body, &[("stream", json!(call.stream))]));
    }
    let mut set = vec![("model", json!(call.model))];
    if call.stream || call.body.get("stream").is_some() {
        set.push(("stream", json!(call.stream)));
    }
    if let Some(messages) = without_unsigned_thinking(&call.body) {
        set.push(("messages", messages));
    }
    Ok(patch::to_bytes(&call.body, &set))
}

/// The messages without thinking blocks whose signature is empty: those came from another provider through Weir, and Anthropic
/// would refuse the call because of them. None when there are no such blocks.
fn without_unsigned_thinking(body: &Value) -> Option<Value> {
    let unsigned = |block: &Value| {
        block.get("type").and_then(Value::as_str) == Some("thinking")
            && block
                .get("signature")
                .and_then(Value::as_str)
                .is_none_or(str::is_empty)
    };
    let messages = body.get("messages")?.as_array()?;
    let blocks = |message: &Value| message.get("content").and_then(Value::as_array).cloned();
    if !messages
        .iter()
        .filter_map(|message| message.get("content")?.as_array())
        .flatten()
        .any(unsigned)
    {
        return None;
    }
    let mut kept = Vec::with_capacity(messages.len());
    for message in messages {
        let mut message = message.clone();
        if let Some(mut blocks) = blocks(&message) {
            blocks.retain(|block| !unsigned(block));
            if blocks.is_empty() {
                continue;
            }
            message["content"] = Value::Array(blocks);
        }
        kept.push(message);
    }
    Some(Value::Array(kept))
}

#[async_trait]
impl Provider for Anthropic {
    fn speaks(&self, protocol: ClientProtocol) -> bool {
        protocol == ClientProtocol::Messages
    }

    async fn call(&self, call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        let own = self.speaks(call.protocol);
        if call.protocol == ClientProtocol::Embeddings {
            let message = format!("{} offers no embeddings", self.endpoint.name);
            return Err(failure(UpstreamErrorKind::NotSupported, message));
        }
        let body = encode_request(&call).map_err(|what| failure(UpstreamErrorKind::BadRequest, what))?;
        let output_tool = if own {
            None
        } else {
            request::output_tool(&call.chat)
        };
        let headers = if own {
            call.headers.clone()
        } else {
            HeaderMap::new()
        };
        let opened = self
            .endpoint
            .post("/messages", body, headers, call.first_byte_timeout, own)
            .await?;
        if call.stream {
            let opened = self.endpoint.expect_stream(opened, call.idle_timeout).await?;
            let pass = if own {
                PassRaw::Everything
            } else {
                PassRaw::Nothing
            };
            let decoder = EventDecoder::new(output_tool);
            let reader = Pieces::new(&self.endpoint.name, decoder, pass, opened.key.clone());
            return Ok(UpstreamAnswer::Stream(pieces(opened, reader, call.idle_timeout)));
        }
        let (raw, body) = self.endpoint.read_json(opened, call.idle_timeout).await?;
        let answer = answer::decode(&body, output_tool).map_err(|what| self.endpoint.malformed(&what))?;
        Ok(UpstreamAnswer::Whole(WholeAnswer {
            raw: own.then_some(raw),
            answer,
        }))
    }

    async fn models(&self) -> Result<Vec<String>, UpstreamError> {
        let body = self.endpoint.get_json("/models?limit=1000").await?;
        let items = body.get("data").and_then(Value::as_array);
        let items = items.ok_or_else(|| self.endpoint.malformed("the list of models has no `data`"))?;
        Ok(items
            .iter()
            .filter_map(|item| item.get("id")?.as_str().map(str::to_owned))
            .collect())
    }
}
