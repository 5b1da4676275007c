//! A request as it is listed and explained.

use super::{ledger::Correction, tier::Tier, time::TimeRange, usage::TokenUsage};
use crate::NanoUsd;
use serde::{Deserialize, Serialize};

/// Where the answer came from. Also the value of the `x-weir-cache` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheOutcome {
    /// From the response cache.
    Response,
    /// From the semantic cache.
    Semantic,
    /// Asked, not found, called a provider.
    Miss,
    /// The cache was not asked.
    Bypass,
}

impl CacheOutcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CacheOutcome::Response => "response",
            CacheOutcome::Semantic => "semantic",
            CacheOutcome::Miss => "miss",
            CacheOutcome::Bypass => "bypass",
        }
    }
    #[must_use]
    pub fn parse(text: &str) -> Option<CacheOutcome> {
        [
            CacheOutcome::Response,
            CacheOutcome::Semantic,
            CacheOutcome::Miss,
            CacheOutcome::Bypass,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == text)
    }
    /// True when no provider was paid.
    #[must_use]
    pub fn is_hit(self) -> bool {
        matches!(self, CacheOutcome::Response | CacheOutcome::Semantic)
    }
}

/// How the request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// Answered whole.
    Ok,
    /// Every attempt failed before the first byte.
    Failed,
    /// The stream broke after the first byte; the client was told.
    Cut,
    /// A limit or cap refused it (429), or its arguments were wrong.
    Refused,
    /// The client left before the end.
    ClientGone,
}

impl RequestStatus {
    /// All ends a request can have.
    pub const ALL: [RequestStatus; 5] = [
        RequestStatus::Ok,
        RequestStatus::Failed,
        RequestStatus::Cut,
        RequestStatus::Refused,
        RequestStatus::ClientGone,
    ];
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RequestStatus::Ok => "ok",
            RequestStatus::Failed => "failed",
            RequestStatus::Cut => "cut",
            RequestStatus::Refused => "refused",
            RequestStatus::ClientGone => "client_gone",
        }
    }
    #[must_use]
    pub fn parse(text: &str) -> Option<RequestStatus> {
        RequestStatus::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// How sure a cost is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// From the provider's own usage.
    Settled,
    /// Estimated, because the provider never said; charged, correctable.
    Unsettled,
    /// Nothing was bought (hit, refusal, failure before a charge).
    Free,
}

impl CostBasis {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CostBasis::Settled => "settled",
            CostBasis::Unsettled => "unsettled",
            CostBasis::Free => "free",
        }
    }
    #[must_use]
    pub fn parse(text: &str) -> Option<CostBasis> {
        [CostBasis::Settled, CostBasis::Unsettled, CostBasis::Free]
            .into_iter()
            .find(|basis| basis.as_str() == text)
    }
}

/// One finished request, as the list shows it and the database keeps it. Empty text means "none".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// UUID version 7; sorts by time.
    pub id: String,
    /// When it arrived, UNIX milliseconds.
    pub started_ms: i64,
    /// From arrival to the last byte, in microseconds.
    pub duration_us: i64,
    /// From arrival to the first byte of the answer, in microseconds.
    pub first_byte_us: i64,
    /// Of that, spent waiting for providers, in microseconds. The rest is Weir's own overhead.
    pub upstream_us: i64,
    /// `chat_completions`, `messages` or `embeddings`.
    pub endpoint: String,
    pub streamed: bool,
    pub key_id: String,
    pub team: String,
    pub user: String,
    pub session: String,
    pub event: String,
    pub tags: Vec<String>,
    pub client_ip: String,
    pub intent: String,
    /// What the client asked for (`auto` or a model's name).
    pub requested_model: String,
    pub tier: Option<Tier>,
    pub provider: String,
    pub model: String,
    /// True when the provider is the built-in simulated one.
    pub simulated: bool,
    pub cache: CacheOutcome,
    /// `rollout=variant` for every rollout the request took part in.
    pub variants: Vec<String>,
    pub status: RequestStatus,
    pub http_status: u16,
    /// Short machine-readable reason when it did not end `ok`.
    pub error: String,
    pub attempts: u32,
    pub tokens: TokenUsage,
    pub cost_nanousd: NanoUsd,
    pub saved_nanousd: NanoUsd,
    pub cost_basis: CostBasis,
    /// The price row that was used, with its date; empty when nothing was priced.
    pub price_id: String,
    /// True when no price was known and the highest of the tier was charged.
    pub price_unknown: bool,
}

/// Which requests to list. Empty fields do not filter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestFilter {
    pub range: Option<TimeRange>,
    pub intent: Option<String>,
    pub model: Option<String>,
    pub provider: Option<String>,
    pub tier: Option<Tier>,
    pub user: Option<String>,
    pub key_id: Option<String>,
    pub cache: Option<CacheOutcome>,
    pub status: Option<RequestStatus>,
    pub cost_basis: Option<CostBasis>,
    /// `rollout=variant`.
    pub variant: Option<String>,
    /// Only those that took at least this long, in milliseconds.
    pub min_duration_ms: Option<i64>,
}

/// One decision in the life of a request, in the order it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Microseconds after arrival.
    pub at_us: i64,
    /// The stage: `authenticate`, `limit`, `intent`, `rollout`, `cache`, `reserve`, `route`, `attempt`, `settle`, `store`.
    pub stage: String,
    /// The decision in a sentence.
    pub decision: String,
    /// Facts behind it, as name and value.
    pub facts: Vec<(String, String)>,
}

/// Everything Weir kept about one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestDetail {
    pub row: RequestRow,
    pub trace: Vec<TraceStep>,
    /// The request body as it arrived, unless bodies are switched off.
    pub request_body: Option<String>,
    /// The answer's body.
    pub response_body: Option<String>,
    /// Oldest first.
    #[serde(default)]
    pub corrections: Vec<Correction>,
}
