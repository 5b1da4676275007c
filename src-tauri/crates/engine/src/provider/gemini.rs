//! Google's Gemini, through `generateContent`. No client speaks its protocol, so every call is translated.

use super::{
    Provider, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, WholeAnswer,
    endpoint::Endpoint,
    event_stream::{PassRaw, Pieces, pieces},
    failure::failure,
    patch,
};
use crate::{
    protocol::{
        self,
        embeddings::{self, EmbeddingsCall},
        gemini::{answer, embed, event::EventDecoder, request},
    },
    request::ClientProtocol,
};
use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Used when the configuration gives no base URL.
pub const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta";

/// The adapter.
#[derive(Debug)]
pub struct Gemini {
    endpoint: Endpoint,
}

impl Gemini {
    /// Over an endpoint whose base URL was checked.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Gemini {
        Gemini { endpoint }
    }

    async fn embed(&self, call: &UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        let bad = |what: String| failure(UpstreamErrorKind::BadRequest, what);
        let wanted: EmbeddingsCall = embeddings::parse(&call.body).map_err(|error| bad(error.message))?;
        if wanted.tokens {
            let message = format!(
                "{} embeds texts only; `input` holds token numbers",
                self.endpoint.name
            );
            return Err(failure(UpstreamErrorKind::NotSupported, message));
        }
        let path = format!("{}:batchEmbedContents", model_path(&call.model)?);
        let body = patch::to_bytes(&embed::encode(&wanted, &call.model), &[]);
        let opened = self
            .endpoint
            .post(&path, body, HeaderMap::new(), call.first_byte_timeout, false)
            .await?;
        let (_, answer) = self.endpoint.read_json(opened, call.idle_timeout).await?;
        let (vectors, usage) =
            embed::decode(&answer, wanted.inputs.len()).map_err(|what| self.endpoint.malformed(&what))?;
        let body = embeddings::encode(&call.model, &vectors, wanted.base64, usage.as_ref());
        let mut answer = protocol::decode_answer(ClientProtocol::Embeddings, &body)
            .map_err(|what| self.endpoint.malformed(&what))?;
        // The written body must hold a number; the neutral form says honestly that none was given.
        answer.usage = usage.map(Into::into);
        Ok(UpstreamAnswer::Whole(WholeAnswer {
            raw: Some(body.to_string().into()),
            answer,
        }))
    }
}

/// `/models/<name>`; the name must not lead anywhere else in the provider's address space.
fn model_path(model: &str) -> Result<String, UpstreamError> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if model.is_empty() || !model.chars().all(fits) || model.starts_with('.') {
        return Err(failure(
            UpstreamErrorKind::NotSupported,
            format!("`{model}` cannot be a model's name here"),
        ));
    }
    Ok(format!("/models/{model}"))
}

#[async_trait]
impl Provider for Gemini {
    /// Embeddings are answered in OpenAI's form, so their body can be passed on.
    fn speaks(&self, protocol: ClientProtocol) -> bool {
        protocol == ClientProtocol::Embeddings
    }

    async fn call(&self, call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        if call.protocol == ClientProtocol::Embeddings {
            return self.embed(&call).await;
        }
        let body = request::encode(&call.chat, &call.model)
            .map_err(|what| failure(UpstreamErrorKind::BadRequest, what))?;
        let method = if call.stream {
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        let path = format!("{}:{method}", model_path(&call.model)?);
        let opened = self
            .endpoint
            .post(
                &path,
                patch::to_bytes(&body, &[]),
                HeaderMap::new(),
                call.first_byte_timeout,
                false,
            )
            .await?;
        if call.stream {
            let opened = self.endpoint.expect_stream(opened, call.idle_timeout).await?;
            let decoder = EventDecoder::default();
            let reader = Pieces::new(&self.endpoint.name, decoder, PassRaw::Nothing, opened.key.clone());
            return Ok(UpstreamAnswer::Stream(pieces(opened, reader, call.idle_timeout)));
        }
        let (_, body) = self.endpoint.read_json(opened, call.idle_timeout).await?;
        let answer = answer::decode(&body).map_err(|what| self.endpoint.malformed(&what))?;
        Ok(UpstreamAnswer::Whole(WholeAnswer { raw: None, answer }))
    }

    async fn models(&self) -> Result<Vec<String>, UpstreamError> {
        let body = self.endpoint.get_json("/models?pageSize=1000").await?;
        let items = body.get("models").and_then(Value::as_array);
        let items = items.ok_or_else(|| self.endpoint.malformed("the list of models has no `models`"))?;
        let name = |item: &Value| {
            let name = item.get("name")?.as_str()?;
            Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
        };
        Ok(items.iter().filter_map(name).collect())
    }
}
