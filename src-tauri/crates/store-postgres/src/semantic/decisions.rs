//! What was decided on requests, and what turned out.

use crate::{
    error::{from_sqlx, inconsistent},
    text::storable,
};
use sqlx::PgPool;
use weir_contract::model::semantic::{SemanticOutcome, SemanticPair};
use weir_engine::store::{SemanticDecision, SemanticLabel, StoreError};

/// Most rows that one call deletes, so that the writer is never held up for long.
const MOST: i64 = 1_000;

/// Writes a decision down.
pub(super) async fn record(pool: &PgPool, decision: &SemanticDecision) -> Result<(), StoreError> {
    let pair = &decision.pair;
    sqlx::query!(
        "INSERT INTO semantic_decisions (request_id, at_ms, group_name, team, intent, question, entry_id, key, neighbour,
             distance, stated, probability, threshold, objections, evidence, outcome, same, origin)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         ON CONFLICT (request_id) DO NOTHING",
        storable(&pair.request_id).into_owned(),
        pair.at_ms,
        storable(&decision.group).into_owned(),
        storable(&pair.team).into_owned(),
        storable(&pair.intent).into_owned(),
        storable(&pair.question).into_owned(),
        decision.entry_id,
        storable(&decision.key).into_owned(),
        storable(&pair.neighbour).into_owned(),
        pair.distance,
        decision.stated,
        pair.probability,
        pair.threshold,
        storable(&pair.objections).into_owned(),
        storable(&decision.evidence).into_owned(),
        pair.outcome.as_str(),
        pair.same,
        pair.origin
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

/// Labels a decision; true when there is one.
pub(super) async fn label(pool: &PgPool, label: &SemanticLabel) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        "SELECT label_decision($1, $2, $3, $4) AS \"done!\"",
        storable(&label.request_id).into_owned(),
        label.same,
        label.origin,
        label.audit_nanousd
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

/// Deletes old decisions, and changes that everybody has heard of.
pub(super) async fn expire(pool: &PgPool, before_ms: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM semantic_decisions WHERE seq IN (
             SELECT seq FROM semantic_decisions WHERE at_ms < $1 ORDER BY at_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before_ms,
        MOST
    )
    .execute(pool)
    .await
    .map_err(from_sqlx)?;
    sqlx::query!(
        "DELETE FROM semantic_changes WHERE seq IN (
             SELECT seq FROM semantic_changes WHERE at_ms < $1 ORDER BY at_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before_ms,
        MOST
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

struct Stored {
    request_id: String,
    at_ms: i64,
    group_name: String,
    team: String,
    intent: String,
    question: String,
    entry_id: i64,
    key: String,
    neighbour: String,
    distance: f64,
    stated: f64,
    probability: f64,
    threshold: Option<f64>,
    objections: String,
    evidence: String,
    outcome: String,
    same: Option<bool>,
    origin: String,
}

impl TryFrom<Stored> for SemanticDecision {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<SemanticDecision, StoreError> {
        let outcome = SemanticOutcome::parse(&stored.outcome).ok_or_else(|| {
            inconsistent(
                "semantic_decisions",
                "outcome",
                &stored.request_id,
                "it is none of the known ones",
            )
        })?;
        Ok(SemanticDecision {
            group: stored.group_name,
            entry_id: stored.entry_id,
            key: stored.key,
            stated: stored.stated,
            evidence: stored.evidence,
            pair: SemanticPair {
                request_id: stored.request_id,
                at_ms: stored.at_ms,
                team: stored.team,
                intent: stored.intent,
                question: stored.question,
                neighbour: stored.neighbour,
                distance: stored.distance,
                probability: stored.probability,
                threshold: stored.threshold,
                objections: stored.objections,
                outcome,
                same: stored.same,
                origin: stored.origin,
            },
        })
    }
}

/// The columns once, with what comes after them.
macro_rules! decisions {
    ($rest:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Stored,
            "SELECT request_id, at_ms, group_name, team, intent, question, entry_id, key, neighbour, distance, stated,
                    probability, threshold, objections, evidence, outcome, same, origin FROM semantic_decisions "
                + $rest
            $(, $argument)*
        )
    };
}

pub(super) async fn one(pool: &PgPool, request_id: &str) -> Result<Option<SemanticDecision>, StoreError> {
    let found = decisions!("WHERE request_id = $1", storable(request_id).into_owned())
        .fetch_optional(pool)
        .await
        .map_err(from_sqlx)?;
    found.map(SemanticDecision::try_from).transpose()
}

pub(super) async fn of_group(
    pool: &PgPool,
    group: &str,
    limit: u32,
) -> Result<Vec<SemanticDecision>, StoreError> {
    let mut found: Vec<SemanticDecision> = decisions!(
        "WHERE group_name = $1 ORDER BY seq DESC LIMIT $2",
        storable(group).into_owned(),
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?
    .into_iter()
    .map(SemanticDecision::try_from)
    .collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

/// The decisions that were labelled within these changes.
pub(super) async fn labelled(
    pool: &PgPool,
    after_seq: i64,
    last_seq: i64,
) -> Result<Vec<SemanticDecision>, StoreError> {
    decisions!(
        "WHERE request_id IN (SELECT request_id FROM semantic_changes WHERE kind = 'label' AND seq > $1 AND seq <= $2)",
        after_seq,
        last_seq
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?
    .into_iter()
    .map(SemanticDecision::try_from)
    .collect()
}

pub(super) async fn newest(
    pool: &PgPool,
    intent: Option<&str>,
    review: bool,
    limit: u32,
) -> Result<Vec<SemanticDecision>, StoreError> {
    let found = match intent {
        Some(intent) => decisions!(
            "WHERE intent = $1 AND (NOT $2 OR (NOT same AND outcome <> 'bought')) ORDER BY seq DESC LIMIT $3",
            storable(intent).into_owned(),
            review,
            i64::from(limit)
        )
        .fetch_all(pool)
        .await,
        None => {
            decisions!(
                "WHERE (NOT $1 OR (NOT same AND outcome <> 'bought')) ORDER BY seq DESC LIMIT $2",
                review,
                i64::from(limit)
            )
            .fetch_all(pool)
            .await
        }
    };
    found
        .map_err(from_sqlx)?
        .into_iter()
        .map(SemanticDecision::try_from)
        .collect()
}
