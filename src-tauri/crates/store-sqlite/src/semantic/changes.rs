//! Labels and forbidden pairs as gateways hear of them, and pairs that are allowed again.

use super::decisions;
use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use std::collections::HashMap;
use weir_contract::model::semantic::SemanticNeverPair;
use weir_engine::store::{SemanticChange, SemanticDecision, StoreError};

/// Lets a pair match again; true when it was forbidden.
pub(super) struct Allow {
    pub(super) group: String,
    pub(super) one: String,
    pub(super) other: String,
}

#[async_trait]
impl Operation for Allow {
    type Reply = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        sqlx::query!(
            "DELETE FROM semantic_never WHERE group_name = ? AND one = ? AND other = ?",
            self.group,
            self.one,
            self.other
        )
        .execute(connection)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(from_sqlx)
    }
}

pub(super) async fn never_pairs(
    readers: &SqlitePool,
    limit: u32,
) -> Result<Vec<SemanticNeverPair>, StoreError> {
    let rows = sqlx::query!(
        "SELECT group_name, one, other, at_ms, who FROM semantic_never
         ORDER BY at_ms DESC, group_name, one, other LIMIT ?",
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let pairs = rows.into_iter().map(|row| SemanticNeverPair {
        intent: intent_of(&row.group_name),
        group: row.group_name,
        one: row.one,
        other: row.other,
        at_ms: row.at_ms,
        who: row.who,
    });
    Ok(pairs.collect())
}

/// A group is a tenant and an intent, with a sign between them that neither has.
fn intent_of(group: &str) -> String {
    group
        .split_once('\u{1f}')
        .map_or(String::new(), |(_, intent)| intent.to_owned())
}

pub(super) async fn last(readers: &SqlitePool) -> Result<i64, StoreError> {
    sqlx::query_scalar!("SELECT coalesce(max(seq), 0) AS \"seq!: i64\" FROM semantic_changes")
        .fetch_one(readers)
        .await
        .map_err(from_sqlx)
}

pub(super) async fn after(
    readers: &SqlitePool,
    after_seq: i64,
    limit: u32,
) -> Result<(i64, Vec<SemanticChange>), StoreError> {
    let rows = sqlx::query!(
        "SELECT seq, group_name, kind, request_id, one, other FROM semantic_changes
         WHERE seq > ? ORDER BY seq LIMIT ?",
        after_seq,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    let Some(last_seq) = rows.last().map(|row| row.seq) else {
        return Ok((after_seq, Vec::new()));
    };
    let mut labelled: HashMap<String, SemanticDecision> = HashMap::new();
    if rows.iter().any(|row| row.kind == "label") {
        for decision in decisions::labelled(readers, after_seq, last_seq).await? {
            labelled.insert(decision.pair.request_id.clone(), decision);
        }
    }
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        let (group, one, other) = (row.group_name, row.one, row.other);
        match row.kind.as_str() {
            // Each once, as it is now; one that has expired meanwhile is nobody's any more.
            "label" => {
                let decision = labelled.remove(&row.request_id);
                changes.extend(decision.map(|decision| SemanticChange::Label(Box::new(decision))));
            }
            "never" => changes.push(SemanticChange::Never { group, one, other }),
            "allowed" => changes.push(SemanticChange::Allowed { group, one, other }),
            kind => {
                return Err(inconsistent(
                    "semantic_changes",
                    "kind",
                    kind,
                    "it is none of the known ones",
                ));
            }
        }
    }
    Ok((last_seq, changes))
}
