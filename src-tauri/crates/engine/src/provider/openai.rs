//! OpenAI and everything compatible with it: OpenRouter, Ollama, vLLM, llama.cpp, by base URL.

use super::{
    Provider, UpstreamAnswer, UpstreamCall, UpstreamError, WholeAnswer,
    endpoint::Endpoint,
    event_stream::{PassRaw, Pieces, pieces},
    patch,
};
use crate::{
    protocol::{
        self,
        chat_completions::{event::EventDecoder, request, request::Dialect},
    },
    request::ClientProtocol,
};
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// Used when the configuration gives no base URL.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// The adapter.
#[derive(Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    dialect: Dialect,
}

impl OpenAi {
    /// Over an endpoint whose base URL was checked.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> OpenAi {
        let official = endpoint.base_url.starts_with("https://api.openai.com");
        OpenAi {
            endpoint,
            dialect: Dialect { official },
        }
    }
}

/// The body to send: the client's own with as little changed as can be, or one written from the neutral form.
#[must_use]
pub fn encode_request(call: &UpstreamCall, dialect: Dialect) -> Vec<u8> {
    match call.protocol {
        ClientProtocol::Messages => {
            let mut body = request::encode(&call.chat, &call.model, dialect);
            set_stream(&mut body, call.stream);
            patch::to_bytes(&body, &[])
        }
        ClientProtocol::Embeddings => patch::to_bytes(&call.body, &[("model", json!(call.model))]),
        ClientProtocol::ChatCompletions => {
            let mut set = vec![("model", json!(call.model))];
            set.extend(assumed_limit(call, dialect));
            if call.stream {
                // Without usage a stream could not be charged rightly.
                let mut options = call
                    .body
                    .get("stream_options")
                    .filter(|o| o.is_object())
                    .cloned()
                    .unwrap_or_else(|| json!({}));
                options["include_usage"] = json!(true);
                set.push(("stream", json!(true)));
                set.push(("stream_options", options));
            } else if call
                .body
                .get("stream")
                .is_some_and(|stream| *stream == json!(true))
            {
                set.push(("stream", json!(false)));
            }
            patch::to_bytes(&call.body, &set)
        }
    }
}

/// The output limit that the client did not give, if there is one.
fn assumed_limit(call: &UpstreamCall, dialect: Dialect) -> Option<(&'static str, Value)> {
    let given = ["max_completion_tokens", "max_tokens"]
        .into_iter()
        .any(|name| call.body.get(name).is_some_and(|limit| !limit.is_null()));
    let limit = call.chat.max_tokens.filter(|_| !given)?;
    Some((dialect.output_limit_name(&call.model), json!(limit)))
}

fn set_stream(body: &mut Value, stream: bool) {
    if let Some(fields) = body.as_object_mut() {
        if stream {
            fields.insert("stream".into(), json!(true));
            fields.insert("stream_options".into(), json!({"include_usage": true}));
        } else {
            fields.shift_remove("stream");
            fields.shift_remove("stream_options");
        }
    }
}

#[async_trait]
impl Provider for OpenAi {
    fn speaks(&self, protocol: ClientProtocol) -> bool {
        matches!(
            protocol,
            ClientProtocol::ChatCompletions | ClientProtocol::Embeddings
        )
    }

    async fn call(&self, call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        let own = self.speaks(call.protocol);
        let embeddings = call.protocol == ClientProtocol::Embeddings;
        let path = if embeddings {
            "/embeddings"
        } else {
            "/chat/completions"
        };
        let body = encode_request(&call, self.dialect);
        let headers = if own {
            call.headers.clone()
        } else {
            HeaderMap::new()
        };
        let opened = self
            .endpoint
            .post(path, body, headers, call.first_byte_timeout, own)
            .await?;
        if call.stream && !embeddings {
            let opened = self.endpoint.expect_stream(opened, call.idle_timeout).await?;
            let pass = match (own, call.chat.stream_usage) {
                (false, _) => PassRaw::Nothing,
                (true, true) => PassRaw::Everything,
                (true, false) => PassRaw::AllButUsage,
            };
            let reader = Pieces::new(
                &self.endpoint.name,
                EventDecoder::default(),
                pass,
                opened.key.clone(),
            );
            return Ok(UpstreamAnswer::Stream(pieces(opened, reader, call.idle_timeout)));
        }
        let (raw, body) = self.endpoint.read_json(opened, call.idle_timeout).await?;
        let protocol = if embeddings {
            ClientProtocol::Embeddings
        } else {
            ClientProtocol::ChatCompletions
        };
        let answer =
            protocol::decode_answer(protocol, &body).map_err(|what| self.endpoint.malformed(&what))?;
        Ok(UpstreamAnswer::Whole(WholeAnswer {
            raw: own.then_some(raw),
            answer,
        }))
    }

    async fn models(&self) -> Result<Vec<String>, UpstreamError> {
        let body = self.endpoint.get_json("/models").await?;
        let items = body.get("data").and_then(Value::as_array);
        let items = items.ok_or_else(|| self.endpoint.malformed("the list of models has no `data`"))?;
        Ok(items
            .iter()
            .filter_map(|item| item.get("id")?.as_str().map(str::to_owned))
            .collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{provider::test_call::call_of, request::Chat};
    use std::sync::Arc;

    fn sent(body: Value, limit: Option<u32>, official: bool) -> Value {
        let mut call = call_of(ClientProtocol::ChatCompletions, "m", body);
        call.chat = Arc::new(Chat {
            max_tokens: limit.or(call.chat.max_tokens),
            ..Chat::clone(&call.chat)
        });
        serde_json::from_slice(&encode_request(&call, Dialect { official })).unwrap()
    }

    #[test]
    fn a_limit_that_was_reserved_for_is_told_in_the_servers_own_word() {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let bare = json!({"model": "auto", "messages": messages});
        assert_eq!(
            sent(bare.clone(), Some(4_096), true)["max_completion_tokens"],
            json!(4_096)
        );
        assert_eq!(sent(bare.clone(), Some(4_096), false)["max_tokens"], json!(4_096));
        let null = json!({"model": "auto", "messages": messages, "max_tokens": null});
        assert_eq!(sent(null, Some(4_096), false)["max_tokens"], json!(4_096));
        assert_eq!(
            sent(bare.clone(), None, true),
            json!({"model": "m", "messages": messages}),
            "where nothing was assumed nothing is added"
        );
    }

    #[test]
    fn a_limit_of_the_clients_own_stays_as_it_is() {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let own = json!({"model": "m", "messages": messages, "max_tokens": 9});
        assert_eq!(sent(own.clone(), None, true), own);
    }
}
