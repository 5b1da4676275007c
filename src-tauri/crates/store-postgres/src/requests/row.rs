//! A request's row as the database holds it, and as the contract says it.

use crate::error::inconsistent;
use weir_contract::{
    NanoUsd,
    model::{
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::store::StoreError;

/// The columns of `requests`.
pub(super) struct StoredRequest {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) started_ms: i64,
    pub(super) duration_us: i64,
    pub(super) first_byte_us: i64,
    pub(super) upstream_us: i64,
    pub(super) endpoint: String,
    pub(super) streamed: bool,
    pub(super) key_id: String,
    pub(super) team: String,
    pub(super) user_name: String,
    pub(super) session: String,
    pub(super) event: String,
    pub(super) tags: Vec<String>,
    pub(super) client_ip: String,
    pub(super) intent: String,
    pub(super) requested_model: String,
    pub(super) tier: String,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) simulated: bool,
    pub(super) cache: String,
    pub(super) variants: Vec<String>,
    pub(super) status: String,
    pub(super) http_status: i32,
    pub(super) error: String,
    pub(super) attempts: i64,
    pub(super) input_tokens: i64,
    pub(super) cache_read_tokens: i64,
    pub(super) cache_write_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) reasoning_tokens: i64,
    pub(super) cost_nanousd: i64,
    pub(super) saved_nanousd: i64,
    pub(super) cost_basis: String,
    pub(super) price_id: String,
    pub(super) price_unknown: bool,
}

/// A tier's column: empty for none.
pub(crate) fn read_tier(table: &'static str, row: &str, text: &str) -> Result<Option<Tier>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    Tier::parse(text)
        .map(Some)
        .ok_or_else(|| inconsistent(table, "tier", row, format!("\"{text}\" is no tier")))
}

impl TryFrom<StoredRequest> for RequestRow {
    type Error = StoreError;

    fn try_from(stored: StoredRequest) -> Result<RequestRow, StoreError> {
        let id = stored.id;
        let wrong = |column: &'static str, text: &str| {
            inconsistent(
                "requests",
                column,
                &id,
                format!("\"{text}\" is not one of its values"),
            )
        };
        Ok(RequestRow {
            started_ms: stored.started_ms,
            duration_us: stored.duration_us,
            first_byte_us: stored.first_byte_us,
            upstream_us: stored.upstream_us,
            endpoint: stored.endpoint,
            streamed: stored.streamed,
            key_id: stored.key_id,
            team: stored.team,
            user: stored.user_name,
            session: stored.session,
            event: stored.event,
            tags: stored.tags,
            client_ip: stored.client_ip,
            intent: stored.intent,
            requested_model: stored.requested_model,
            tier: read_tier("requests", &id, &stored.tier)?,
            provider: stored.provider,
            model: stored.model,
            simulated: stored.simulated,
            cache: CacheOutcome::parse(&stored.cache).ok_or_else(|| wrong("cache", &stored.cache))?,
            variants: stored.variants,
            status: RequestStatus::parse(&stored.status).ok_or_else(|| wrong("status", &stored.status))?,
            http_status: u16::try_from(stored.http_status)
                .map_err(|_| wrong("http_status", &stored.http_status.to_string()))?,
            error: stored.error,
            attempts: u32::try_from(stored.attempts)
                .map_err(|_| wrong("attempts", &stored.attempts.to_string()))?,
            tokens: TokenUsage {
                input: stored.input_tokens,
                cache_read: stored.cache_read_tokens,
                cache_write: stored.cache_write_tokens,
                output: stored.output_tokens,
                reasoning: stored.reasoning_tokens,
            },
            cost_nanousd: NanoUsd(stored.cost_nanousd),
            saved_nanousd: NanoUsd(stored.saved_nanousd),
            cost_basis: CostBasis::parse(&stored.cost_basis)
                .ok_or_else(|| wrong("cost_basis", &stored.cost_basis))?,
            price_id: stored.price_id,
            price_unknown: stored.price_unknown,
            id,
        })
    }
}
