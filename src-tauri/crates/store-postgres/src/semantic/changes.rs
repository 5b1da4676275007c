//! Labels and forbidden pairs as gateways hear of them, and pairs that are allowed again.

use super::decisions;
use crate::{
    error::{from_sqlx, inconsistent},
    text::storable,
};
use sqlx::PgPool;
use std::collections::HashMap;
use weir_contract::model::semantic::SemanticNeverPair;
use weir_engine::store::{SemanticChange, SemanticDecision, StoreError};

/// Lets a pair match again; true when it was forbidden.
pub(super) async fn allow(pool: &PgPool, group: &str, pair: (&str, &str)) -> Result<bool, StoreError> {
    let (one, other) = (pair.0.min(pair.1), pair.0.max(pair.1));
    sqlx::query_scalar!(
        "SELECT allow_match($1, $2, $3) AS \"done!\"",
        storable(group).into_owned(),
        storable(one).into_owned(),
        storable(other).into_owned()
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

/// Forbids a pair to match.
pub(super) async fn never(
    pool: &PgPool,
    group: &str,
    pair: (&str, &str),
    who: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    // One order, so that a pair stands there once.
    let (one, other) = (pair.0.min(pair.1), pair.0.max(pair.1));
    sqlx::query!(
        "SELECT never_match($1, $2, $3, $4, $5)",
        storable(group).into_owned(),
        storable(one).into_owned(),
        storable(other).into_owned(),
        storable(who).into_owned(),
        now_ms
    )
    .execute(pool)
    .await
    .map(|_| ())
    .map_err(from_sqlx)
}

pub(super) async fn never_of(pool: &PgPool, group: &str) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT one, other FROM semantic_never WHERE group_name = $1",
        storable(group).into_owned()
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    Ok(rows.into_iter().map(|row| (row.one, row.other)).collect())
}

pub(super) async fn never_pairs(pool: &PgPool, limit: u32) -> Result<Vec<SemanticNeverPair>, StoreError> {
    let rows = sqlx::query!(
        "SELECT group_name, one, other, at_ms, who FROM semantic_never
         ORDER BY at_ms DESC, group_name, one, other LIMIT $1",
        i64::from(limit)
    )
    .fetch_all(pool)
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

pub(super) async fn last(pool: &PgPool) -> Result<i64, StoreError> {
    sqlx::query_scalar!("SELECT coalesce(max(seq), 0) AS \"seq!\" FROM semantic_changes")
        .fetch_one(pool)
        .await
        .map_err(from_sqlx)
}

pub(super) async fn after(
    pool: &PgPool,
    after_seq: i64,
    limit: u32,
) -> Result<(i64, Vec<SemanticChange>), StoreError> {
    let rows = sqlx::query!(
        "SELECT seq, group_name, kind, request_id, one, other FROM semantic_changes
         WHERE seq > $1 ORDER BY seq LIMIT $2",
        after_seq,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    let Some(last_seq) = rows.last().map(|row| row.seq) else {
        return Ok((after_seq, Vec::new()));
    };
    let mut labelled: HashMap<String, SemanticDecision> = HashMap::new();
    if rows.iter().any(|row| row.kind == "label") {
        for decision in decisions::labelled(pool, after_seq, last_seq).await? {
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
