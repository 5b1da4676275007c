//! What was decided on requests, and what turned out.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_contract::model::semantic::{SemanticOutcome, SemanticPair};
use weir_engine::store::{SemanticDecision, SemanticLabel, StoreError};

/// Most rows that one call deletes, so that the writer is never held up for long.
const MOST: i64 = 1_000;

/// Writes a decision down.
pub(super) struct Record(pub(super) SemanticDecision);

#[async_trait]
impl Operation for Record {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let (decision, pair) = (&self.0, &self.0.pair);
        let outcome = pair.outcome.as_str();
        sqlx::query!(
            "INSERT OR IGNORE INTO semantic_decisions (request_id, at_ms, group_name, team, intent, question, entry_id, key,
                 neighbour, distance, stated, probability, threshold, objections, evidence, outcome, same, origin)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            pair.request_id,
            pair.at_ms,
            decision.group,
            pair.team,
            pair.intent,
            pair.question,
            decision.entry_id,
            decision.key,
            pair.neighbour,
            pair.distance,
            decision.stated,
            pair.probability,
            pair.threshold,
            pair.objections,
            decision.evidence,
            outcome,
            pair.same,
            pair.origin
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}

/// Labels a decision; true when there is one. What a person said is not undone by an audit.
pub(super) struct SetLabel(pub(super) SemanticLabel);

#[async_trait]
impl Operation for SetLabel {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let label = &self.0;
        sqlx::query!(
            "UPDATE semantic_decisions SET audit_nanousd = audit_nanousd + ?2,
                 same = CASE WHEN origin = 'feedback' AND ?4 <> 'feedback' THEN same ELSE ?3 END,
                 origin = CASE WHEN origin = 'feedback' THEN origin ELSE ?4 END
             WHERE request_id = ?1",
            label.request_id,
            label.audit_nanousd,
            label.same,
            label.origin
        )
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(from_sqlx)
    }
}

/// Forbids a pair to match.
pub(super) struct Never {
    pub(super) group: String,
    pub(super) one: String,
    pub(super) other: String,
    pub(super) who: String,
    pub(super) now_ms: i64,
}

#[async_trait]
impl Operation for Never {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT OR IGNORE INTO semantic_never (group_name, one, other, at_ms, who) VALUES (?, ?, ?, ?, ?)",
            self.group,
            self.one,
            self.other,
            self.now_ms,
            self.who
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
}

/// Deletes old decisions.
pub(super) struct Expire {
    pub(super) before_ms: i64,
}

#[async_trait]
impl Operation for Expire {
    type Reply = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query!(
            "DELETE FROM semantic_decisions WHERE seq IN (
                 SELECT seq FROM semantic_decisions WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
            self.before_ms,
            MOST
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        sqlx::query!(
            "DELETE FROM semantic_changes WHERE seq IN (
                 SELECT seq FROM semantic_changes WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
            self.before_ms,
            MOST
        )
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
    }
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
    same: Option<i64>,
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
                same: stored.same.map(|same| same != 0),
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

pub(super) async fn one(
    readers: &SqlitePool,
    request_id: &str,
) -> Result<Option<SemanticDecision>, StoreError> {
    let found = decisions!("WHERE request_id = ?", request_id)
        .fetch_optional(readers)
        .await
        .map_err(from_sqlx)?;
    found.map(SemanticDecision::try_from).transpose()
}

pub(super) async fn of_group(
    readers: &SqlitePool,
    group: &str,
    limit: u32,
) -> Result<Vec<SemanticDecision>, StoreError> {
    let mut found: Vec<SemanticDecision> =
        decisions!("WHERE group_name = ? ORDER BY seq DESC LIMIT ?", group, limit)
            .fetch_all(readers)
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
    readers: &SqlitePool,
    after_seq: i64,
    last_seq: i64,
) -> Result<Vec<SemanticDecision>, StoreError> {
    decisions!(
        "WHERE request_id IN (SELECT request_id FROM semantic_changes WHERE kind = 'label' AND seq > ? AND seq <= ?)",
        after_seq,
        last_seq
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?
    .into_iter()
    .map(SemanticDecision::try_from)
    .collect()
}

pub(super) async fn newest(
    readers: &SqlitePool,
    intent: Option<&str>,
    review: bool,
    limit: u32,
) -> Result<Vec<SemanticDecision>, StoreError> {
    let found = match intent {
        Some(intent) => decisions!(
            "WHERE intent = ?1 AND (?2 = 0 OR (same = 0 AND outcome <> 'bought')) ORDER BY seq DESC LIMIT ?3",
            intent,
            review,
            limit
        )
        .fetch_all(readers)
        .await,
        None => {
            decisions!(
                "WHERE (?1 = 0 OR (same = 0 AND outcome <> 'bought')) ORDER BY seq DESC LIMIT ?2",
                review,
                limit
            )
            .fetch_all(readers)
            .await
        }
    };
    found
        .map_err(from_sqlx)?
        .into_iter()
        .map(SemanticDecision::try_from)
        .collect()
}
