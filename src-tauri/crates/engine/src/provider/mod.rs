//! What a provider must be able to do. To add one: write `provider/<name>.rs`, add its line in `provider::build`.

pub mod anthropic;
pub mod base_url;
pub mod build;
pub mod client;
pub mod endpoint;
mod error_words;
pub mod event_stream;
pub mod failure;
pub mod gemini;
pub mod openai;
pub mod patch;
pub mod read_body;
pub mod retry_after;
pub mod simulated;
pub mod sse;
#[cfg(test)]
pub(crate) mod test_call;
#[cfg(test)]
mod wire_tests;

pub use build::{ProviderConfigError, build};
pub use client::http_client;

use crate::request::{Answer, Chat, ClientProtocol, Delta};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use weir_contract::model::{catalog::KeySource, usage::TokenUsage};

/// Where provider keys are read from; handed in, so that the engine never touches environment or keychain itself.
pub trait SecretSource: Send + Sync {
    /// The secret, or none when it is not there.
    fn secret(&self, source: &KeySource) -> Option<SecretString>;
}

/// One call to one model of a provider.
#[derive(Debug, Clone)]
pub struct UpstreamCall {
    /// The client's protocol; where it is the provider's own, `body` goes out with only `model` and stream options changed.
    pub protocol: ClientProtocol,
    /// The model's name at the provider.
    pub model: String,
    /// The call in neutral form, system prefix of a rollout already applied. Unused for embeddings. Where `body` has no output
    /// limit and this has one, the reservation assumed it and the provider must be told.
    pub chat: Arc<Chat>,
    /// The client's body, with the same changes applied. Weir's own `metadata` keys are removed.
    pub body: Arc<Value>,
    pub stream: bool,
    /// The client's own headers for its protocol, such as `anthropic-beta`; sent only where that is the provider's own.
    pub headers: HeaderMap,
    /// The `x-weir-simulate` header; only the simulated provider obeys it.
    pub simulate: Option<String>,
    /// To the first byte of the answer.
    pub first_byte_timeout: Duration,
    /// Between two pieces of a stream.
    pub idle_timeout: Duration,
}

/// A provider's answer.
pub enum UpstreamAnswer {
    Whole(WholeAnswer),
    /// Ends after a piece with `done`, or with an error. A stream that just ends is truncated: the adapter says so as an error.
    Stream(BoxStream<'static, Result<StreamPiece, UpstreamError>>),
}

/// An answer that came in one piece.
#[derive(Debug, Clone)]
pub struct WholeAnswer {
    /// The provider's own body, when it speaks the client's protocol; passed on untouched.
    pub raw: Option<Bytes>,
    /// Neutral form. For embeddings: no parts, usage only, and `raw` is always set.
    pub answer: Answer,
}

/// One event of a stream.
#[derive(Debug, Clone, Default)]
pub struct StreamPiece {
    /// The event as it came, with its `event:` and `data:` lines and the blank line, when the provider speaks the client's
    /// protocol; passed on untouched.
    pub raw: Option<Bytes>,
    pub deltas: Vec<Delta>,
    /// True on the event after which the answer is complete (`[DONE]`, `message_stop`, Gemini's last chunk).
    pub done: bool,
}

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct UpstreamError {
    pub kind: UpstreamErrorKind,
    /// The provider's HTTP status, where there was one.
    pub status: Option<u16>,
    /// A sentence without secrets and without addresses that carry any.
    pub message: String,
    /// As the provider asked, already in milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// The provider's own error body, when it speaks the client's protocol and the client should see it (4xx).
    pub raw: Option<Bytes>,
    /// Usage known before the failure. It may be less than what was used, so the charge is what was reserved.
    pub usage: Option<TokenUsage>,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamErrorKind {
    /// The request itself is wrong; no retry, no other model, pass the provider's words on.
    BadRequest,
    /// The key is missing or refused; no retry, next tier, tell the admin.
    Unauthorized,
    /// 429; retry after the time given, counts for the breaker only when repeated.
    RateLimited,
    /// 5xx, overloaded.
    Overloaded,
    /// Could not connect, reset before the first byte.
    Connection,
    /// No first byte or no next piece in time.
    Timeout,
    /// The answer broke off, or ended without its terminal event.
    Truncated,
    /// The answer was not what the protocol says (HTML, bad JSON, too large).
    Malformed,
    /// The model or the feature does not exist there; next model.
    NotSupported,
}

impl UpstreamErrorKind {
    /// Worth trying the same model again, before the first byte.
    #[must_use]
    pub fn is_transient(self) -> bool {
        use UpstreamErrorKind::{Connection, Malformed, Overloaded, RateLimited, Timeout, Truncated};
        matches!(
            self,
            RateLimited | Overloaded | Connection | Timeout | Truncated | Malformed
        )
    }
    /// Name in rows: `rate_limited`, `truncated` …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            UpstreamErrorKind::BadRequest => "bad_request",
            UpstreamErrorKind::Unauthorized => "unauthorized",
            UpstreamErrorKind::RateLimited => "rate_limited",
            UpstreamErrorKind::Overloaded => "overloaded",
            UpstreamErrorKind::Connection => "connection",
            UpstreamErrorKind::Timeout => "timeout",
            UpstreamErrorKind::Truncated => "truncated",
            UpstreamErrorKind::Malformed => "malformed",
            UpstreamErrorKind::NotSupported => "not_supported",
        }
    }
}

/// A provider: one adapter per wire protocol.
#[async_trait]
pub trait Provider: Send + Sync {
    /// True when `protocol` is this provider's own, so bodies pass through untouched.
    fn speaks(&self, protocol: ClientProtocol) -> bool;
    /// Makes one call. Never retries: that is the router's decision.
    ///
    /// # Errors
    /// [`UpstreamError`], classified by kind.
    async fn call(&self, call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError>;
    /// Names of the models it offers, for the settings' test. Costs nothing.
    ///
    /// # Errors
    /// [`UpstreamError`], classified by kind.
    async fn models(&self) -> Result<Vec<String>, UpstreamError>;
}
