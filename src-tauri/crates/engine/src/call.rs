//! A call as the gateway hands it over: who calls, what was asked, and what the client wishes of Weir.

use crate::{
    request::{Chat, ClientProtocol},
    trace_parent::TraceParent,
};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};
use tokio::sync::mpsc;
use weir_contract::{
    NanoUsd,
    model::{key::VirtualKey, request::CacheOutcome, tier::Tier},
};

/// What the client wants of the cache (`x-weir-cache`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheWish {
    /// Use it (the default).
    #[default]
    On,
    /// Neither look nor keep.
    Off,
    /// Do not look, but keep the new answer.
    Refresh,
    /// Answer from the cache or not at all.
    Only,
}

impl CacheWish {
    /// Reads the header's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<CacheWish> {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" => Some(CacheWish::On),
            "off" => Some(CacheWish::Off),
            "refresh" => Some(CacheWish::Refresh),
            "only" => Some(CacheWish::Only),
            _ => None,
        }
    }
}

/// What a client may say beside its body. Empty text means "not said".
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    pub intent: String,
    pub user: String,
    pub session: String,
    pub event: String,
    pub tags: Vec<String>,
    /// What the answer is made from; deleting by one of them drops the answer.
    pub sources: Vec<String>,
    pub cache: CacheWish,
    pub cache_ttl_seconds: Option<u64>,
    /// `x-weir-simulate`; only the simulated provider obeys it.
    pub simulate: Option<String>,
    /// The span of the caller's that this call is made for.
    pub trace_parent: Option<TraceParent>,
}

/// One authenticated call.
#[derive(Debug, Clone)]
pub struct Call {
    pub protocol: ClientProtocol,
    /// The body as it came, Weir's own metadata removed.
    pub body: Arc<Value>,
    /// The body's bytes as they came, for the record.
    pub body_text: Bytes,
    /// None for embeddings.
    pub chat: Option<Arc<Chat>>,
    /// As the client named it.
    pub model: String,
    pub stream: bool,
    pub key: VirtualKey,
    pub client_ip: Option<IpAddr>,
    /// Made by [`crate::passed_headers::passed_headers`]; goes on to a provider that speaks the client's protocol.
    pub passed_headers: HeaderMap,
    pub wishes: Wishes,
}

/// What an answer's headers say.
#[derive(Debug, Clone, Default)]
pub struct ReplyFacts {
    pub request_id: String,
    pub cache: Option<CacheOutcome>,
    pub tier: Option<Tier>,
    pub provider: String,
    pub model: String,
    pub intent: String,
    /// None on a stream, whose cost is known only at its end.
    pub cost_nanousd: Option<NanoUsd>,
    pub saved_nanousd: NanoUsd,
    pub attempts: u32,
    pub simulated: bool,
    /// The tightest limit of each measure.
    pub rate: Vec<crate::limit::headers::RateHeaders>,
}

/// The answer to a call.
pub struct Reply {
    pub facts: ReplyFacts,
    pub body: ReplyBody,
}

/// Its body, in the client's protocol.
pub enum ReplyBody {
    Whole(Bytes),
    /// Server-sent events up to [`StreamItem::Last`]. A channel that closes without it has broken off, and the connection
    /// must break off too: a clean end would say that the answer is whole.
    Stream(mpsc::Receiver<StreamItem>),
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamItem {
    Events(Bytes),
    /// The terminal event, or the error event in its place. Nothing follows.
    Last(Bytes),
}

/// A call that got no answer.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub facts: ReplyFacts,
    pub status: u16,
    /// Closed list, see [`RefusalCode`].
    pub code: RefusalCode,
    /// A sentence that says what to do.
    pub message: String,
    /// Seconds until it is worth coming back; true to its word.
    pub retry_after_seconds: Option<u64>,
    /// The provider's own error body in the client's protocol.
    pub raw: Option<Bytes>,
}

/// Why a call got no answer; also the `code` in error bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    RateLimited,
    CapReached,
    BadRequest,
    /// The key may not be used for this.
    ScopeMissing,
    UnknownModel,
    CacheOnlyMiss,
    NoViableModel,
    ProviderFailed,
    ProviderUnauthorized,
    StoreUnavailable,
}

impl RefusalCode {
    /// Name in bodies and rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RefusalCode::RateLimited => "rate_limit_exceeded",
            RefusalCode::CapReached => "budget_cap_reached",
            RefusalCode::BadRequest => "invalid_request",
            RefusalCode::ScopeMissing => "key_scope_missing",
            RefusalCode::UnknownModel => "model_not_found",
            RefusalCode::CacheOnlyMiss => "cache_only_miss",
            RefusalCode::NoViableModel => "no_viable_model",
            RefusalCode::ProviderFailed => "provider_failed",
            RefusalCode::ProviderUnauthorized => "provider_unauthorized",
            RefusalCode::StoreUnavailable => "store_unavailable",
        }
    }
    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            RefusalCode::RateLimited | RefusalCode::CapReached => 429,
            RefusalCode::BadRequest => 400,
            RefusalCode::ScopeMissing => 403,
            RefusalCode::UnknownModel => 404,
            RefusalCode::CacheOnlyMiss => 504,
            RefusalCode::NoViableModel | RefusalCode::StoreUnavailable => 503,
            RefusalCode::ProviderFailed | RefusalCode::ProviderUnauthorized => 502,
        }
    }
    /// True when the client or its limits are the cause; such a request is not counted as an error.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        !matches!(
            self,
            RefusalCode::ProviderFailed
                | RefusalCode::ProviderUnauthorized
                | RefusalCode::StoreUnavailable
                | RefusalCode::NoViableModel
        )
    }
}
