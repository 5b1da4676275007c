//! Stored questions with their vectors.

use crate::{
    error::{from_sqlx, inconsistent},
    text::storable,
};
use sqlx::PgPool;
use weir_engine::store::{NewSemanticEntry, SemanticEntry, StoreError};

/// Stores a question beside its answer, or replaces the one of the same key.
pub(super) async fn put(pool: &PgPool, entry: &NewSemanticEntry) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar!(
        "SELECT put_question($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.base.as_slice(),
        entry.namespace.as_slice(),
        storable(&entry.embedder).into_owned(),
        storable(&entry.group).into_owned(),
        storable(&entry.key).into_owned(),
        storable(&entry.question).into_owned(),
        entry.answer_id,
        entry.expires_ms,
        &entry.vector
    )
    .fetch_one(pool)
    .await
    .map_err(from_sqlx)
}

struct Stored {
    id: i64,
    base: Vec<u8>,
    namespace: Vec<u8>,
    embedder: String,
    group_name: String,
    key: String,
    question: String,
    answer_id: i64,
    expires_ms: i64,
    vector: Vec<f32>,
}

impl TryFrom<Stored> for SemanticEntry {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<SemanticEntry, StoreError> {
        let wrong = |column: &'static str| {
            inconsistent("semantic_entries", column, &stored.key, "it has the wrong length")
        };
        let base = stored.base.as_slice().try_into().map_err(|_| wrong("base"))?;
        let namespace = stored
            .namespace
            .as_slice()
            .try_into()
            .map_err(|_| wrong("namespace"))?;
        Ok(SemanticEntry {
            id: stored.id,
            entry: NewSemanticEntry {
                base,
                namespace,
                vector: stored.vector,
                embedder: stored.embedder,
                group: stored.group_name,
                key: stored.key,
                question: stored.question,
                answer_id: stored.answer_id,
                expires_ms: stored.expires_ms,
            },
        })
    }
}

fn read(stored: Vec<Stored>) -> Result<Vec<SemanticEntry>, StoreError> {
    stored.into_iter().map(SemanticEntry::try_from).collect()
}

pub(super) async fn of_namespace(
    pool: &PgPool,
    namespace: &[u8; 32],
    after_id: i64,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let namespace = namespace.as_slice();
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE namespace = $1 AND id > $2 AND expires_ms > $3
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) ORDER BY id LIMIT $4",
        namespace,
        after_id,
        now_ms,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}

pub(super) async fn since(
    pool: &PgPool,
    after_id: i64,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE id > $1
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) ORDER BY id LIMIT $2",
        after_id,
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}

pub(super) async fn of_others(
    pool: &PgPool,
    embedder: &str,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE embedder <> $1
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) LIMIT $2",
        storable(embedder).into_owned(),
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}
