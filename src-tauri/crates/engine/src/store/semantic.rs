//! What the engine asks of the semantic cache's rows.

use super::StoreError;
use async_trait::async_trait;
use weir_contract::model::semantic::{SemanticNeverPair, SemanticPair};

/// The event under which audits stand in every list and chart, so that their cost is a line of its own. Rollups take that cost
/// off the savings; clients may not name their own requests so.
pub const AUDIT_EVENT: &str = "weir-audit";
/// The event of the requests by which an embedder at a provider is paid for.
pub const EMBED_EVENT: &str = "weir-embed";
/// The event of the requests by which the judge is asked whether two answers agree.
pub const JUDGE_EVENT: &str = "weir-judge";
/// The cap that bounds what the judge may cost in a day. It is the operator's, from `[judge]`, and no admin's.
pub const JUDGE_CAP: &str = "weir-judge";
/// All events of requests that Weir makes for itself. What they cost is taken off the savings.
pub const OWN_EVENTS: [&str; 3] = [AUDIT_EVENT, EMBED_EVENT, JUDGE_EVENT];

/// A question to be stored beside its cached answer.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSemanticEntry {
    pub base: [u8; 32],
    pub namespace: [u8; 32],
    pub embedder: String,
    pub group: String,
    /// Of the cached answer.
    pub key: String,
    pub question: String,
    /// The entry whose answer it was found equal to; 0 for its own.
    pub answer_id: i64,
    pub expires_ms: i64,
    pub vector: Vec<f32>,
}

/// A stored question.
#[derive(Debug, Clone, PartialEq)]
pub struct SemanticEntry {
    pub id: i64,
    pub entry: NewSemanticEntry,
}

/// What was decided on a request, with what a label needs to be learned from.
#[derive(Debug, Clone, PartialEq)]
pub struct SemanticDecision {
    pub pair: SemanticPair,
    pub group: String,
    pub entry_id: i64,
    /// Of the neighbour's answer.
    pub key: String,
    /// Probability before correction.
    pub stated: f64,
    /// JSON that [`crate::cache::semantic`] wrote.
    pub evidence: String,
}

/// A label that came for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SemanticLabel {
    pub request_id: String,
    pub same: bool,
    /// `audit` or `feedback`.
    pub origin: &'static str,
    /// What finding it out has cost.
    pub audit_nanousd: i64,
}

/// Sums over an intent's decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SemanticSums {
    pub intent: String,
    pub judged: i64,
    pub served: i64,
    pub would_serve: i64,
    pub labels: i64,
    /// Hits and would-be hits that were checked, and those found wrong.
    pub checked: i64,
    pub wrong: i64,
    pub audit_nanousd: i64,
}

/// What gateways that hold a group in memory must hear of.
#[derive(Debug, Clone, PartialEq)]
pub enum SemanticChange {
    /// A decision has got a label, or another one.
    Label(Box<SemanticDecision>),
    /// A pair that must never match; the lesser question first.
    Never {
        group: String,
        one: String,
        other: String,
    },
    /// A pair that may match again.
    Allowed {
        group: String,
        one: String,
        other: String,
    },
}

impl SemanticChange {
    /// Whose it is.
    #[must_use]
    pub fn group(&self) -> &str {
        match self {
            SemanticChange::Label(decision) => &decision.group,
            SemanticChange::Never { group, .. } | SemanticChange::Allowed { group, .. } => group,
        }
    }
}

/// The rows of the semantic cache.
#[async_trait]
pub trait SemanticStore {
    /// Stores a question, or replaces the one of the same key. None when its answer is not stored (any more).
    async fn put_question(&self, entry: NewSemanticEntry) -> Result<Option<i64>, StoreError>;
    /// Questions of a namespace with a larger id, by id.
    async fn questions_of(
        &self,
        namespace: &[u8; 32],
        after_id: i64,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError>;
    /// Questions of all namespaces with a larger id, by id: what other gateways stored.
    async fn questions_since(&self, after_id: i64, limit: u32) -> Result<Vec<SemanticEntry>, StoreError>;
    /// How many questions are stored whose answers are not cleared, and the largest id.
    async fn question_count(&self) -> Result<(i64, i64), StoreError>;
    /// How many questions there are whose vectors another embedder made.
    async fn count_questions_of_others(&self, embedder: &str) -> Result<i64, StoreError>;
    /// Questions whose vectors another embedder made.
    async fn questions_of_others(&self, embedder: &str, limit: u32)
    -> Result<Vec<SemanticEntry>, StoreError>;
    /// Writes a decision down; once per request.
    async fn record_decision(&self, decision: SemanticDecision) -> Result<(), StoreError>;
    /// Labels a decision. None when there is none of this request.
    async fn label_decision(&self, label: SemanticLabel) -> Result<Option<SemanticDecision>, StoreError>;
    /// The decision on a request.
    async fn decision(&self, request_id: &str) -> Result<Option<SemanticDecision>, StoreError>;
    /// The newest decisions of a group, oldest first.
    async fn decisions_of(&self, group: &str, limit: u32) -> Result<Vec<SemanticDecision>, StoreError>;
    /// The newest decisions, newest first; `review`: only hits found wrong.
    async fn newest_decisions(
        &self,
        intent: Option<&str>,
        review: bool,
        limit: u32,
    ) -> Result<Vec<SemanticDecision>, StoreError>;
    /// Sums by intent since a moment.
    async fn decision_sums(&self, since_ms: i64) -> Result<Vec<SemanticSums>, StoreError>;
    /// Forbids a pair of questions to match; `one` and `other` in any order.
    async fn never_match(
        &self,
        group: &str,
        pair: (&str, &str),
        who: &str,
        now_ms: i64,
    ) -> Result<(), StoreError>;
    /// The forbidden pairs of a group.
    async fn never_of(&self, group: &str) -> Result<Vec<(String, String)>, StoreError>;
    /// Lets a pair match again; false when it was not forbidden.
    async fn allow_match(&self, group: &str, pair: (&str, &str)) -> Result<bool, StoreError>;
    /// The forbidden pairs of all groups, newest first.
    async fn never_pairs(&self, limit: u32) -> Result<Vec<SemanticNeverPair>, StoreError>;
    /// Number of the newest change; 0 for none.
    async fn last_semantic_change(&self) -> Result<i64, StoreError>;
    /// What has changed after this number, oldest first, and the number up to which that is. A change that is seen is never
    /// followed by one with a lower number.
    async fn semantic_changes(
        &self,
        after_seq: i64,
        limit: u32,
    ) -> Result<(i64, Vec<SemanticChange>), StoreError>;
    /// Marks an answer with the user it was made for and the sources it was made from.
    async fn mark_entry(&self, key: &str, user: &str, sources: &[String]) -> Result<(), StoreError>;
    /// Deletes decisions and changes older than this, a bounded number at a time.
    async fn expire_decisions(&self, before_ms: i64) -> Result<(), StoreError>;
}
