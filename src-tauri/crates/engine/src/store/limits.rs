//! What the engine asks of limits: slots of a limit are leased to gateways, and a used slot rests before it is leased again.
//!
//! A store only keeps what [`crate::limit::account`] decides; its time is [`crate::limit::account::store_time`], which no
//! machine's wall clock has a part in.

use super::StoreError;
use crate::limit::account::{Answer, Entry};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What a gateway reports and wishes, about all of its callers at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExchange {
    /// The gateway's run; never used by another.
    pub holder: String,
    /// Rises with every exchange of the holder. One that comes after a later one is refused with `Conflict`.
    pub seq: i64,
    /// The least that the store's time can be by now, as the holder knows.
    pub known_ms: i64,
    pub entries: Vec<Entry>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitReply {
    /// The store's time.
    pub store_ms: i64,
    /// True when the store did not know the holder: what it was lent before has been taken back, and only what is in
    /// [`Entry::in_flight`] was lent anew.
    pub lost: bool,
    /// Holders that the store knows, this one among them.
    pub holders: u32,
    /// One for each entry, in their order.
    pub answers: Vec<Answer>,
}

/// How full a limit is over all gateways.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitFill {
    pub callers: u32,
    /// The fullest caller, and what it uses.
    pub busiest: Option<(String, i64)>,
}

/// A recorded request as a draft limit is tried on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReplayedRequest<'a> {
    pub at_ms: i64,
    pub duration_ms: i64,
    pub tokens: i64,
    pub cost_nanousd: i64,
    pub is_expensive: bool,
    pub key: &'a str,
    pub user: &'a str,
    pub ip: &'a str,
    pub event: &'a str,
    pub intent: &'a str,
}

/// Slots of limits, shared by all gateways.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Applies [`crate::limit::account::settle`] to each entry, all in one transaction.
    async fn exchange_limits(&self, exchange: LimitExchange) -> Result<LimitReply, StoreError>;
    /// Takes back what holders had that were not heard of for `dead_after_ms` of the store's time; it rests as if it had
    /// been used at the last moment at which they could. Forgets uses that no limit counts any more. Returns how many
    /// holders are gone.
    async fn reclaim_limits(&self, known_ms: i64, dead_after_ms: i64) -> Result<u64, StoreError>;
    /// How full a limit is; uses older than `rest_ms` do not count; what a gateway is lent counts, used or not.
    async fn limit_fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError>;
    /// The log of requests that began from `from_ms` on, as [`crate::limit::replay_log`] writes it, in no order.
    async fn limit_log(&self, from_ms: i64) -> Result<Vec<Vec<u8>>, StoreError>;
    /// Removes the log of requests that ended before this moment.
    async fn expire_limit_log(&self, before_ms: i64) -> Result<u64, StoreError>;
}
