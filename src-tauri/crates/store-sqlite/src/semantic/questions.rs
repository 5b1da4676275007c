//! Stored questions with their vectors.

use crate::{
    error::{from_sqlx, inconsistent},
    writer::Operation,
};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqlitePool};
use weir_engine::store::{NewSemanticEntry, SemanticEntry, StoreError};

/// Stores a question beside its answer, or replaces the one of the same key.
pub(super) struct Put(pub(super) NewSemanticEntry);

#[async_trait]
impl Operation for Put {
    type Reply = Option<i64>;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
        let entry = &self.0;
        let (base, namespace) = (entry.base.as_slice(), entry.namespace.as_slice());
        let vector: Vec<u8> = entry
            .vector
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        // A new id each time, so that other gateways see what was replaced. An answer that was cleared gets no question.
        sqlx::query!(
            "DELETE FROM semantic_entries WHERE key = ?
             AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key)",
            entry.key
        )
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let done = sqlx::query!(
            "INSERT INTO semantic_entries (base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector)
             SELECT ?1, ?2, ?3, ?4, key, ?6, ?7, ?8, ?9 FROM served_entries WHERE key = ?5",
            base,
            namespace,
            entry.embedder,
            entry.group,
            entry.key,
            entry.question,
            entry.answer_id,
            entry.expires_ms,
            vector
        )
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
        Ok((done.rows_affected() > 0).then(|| done.last_insert_rowid()))
    }
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
    vector: Vec<u8>,
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
        let (values, rest) = stored.vector.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(wrong("vector"));
        }
        Ok(SemanticEntry {
            id: stored.id,
            entry: NewSemanticEntry {
                base,
                namespace,
                vector: values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
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
    readers: &SqlitePool,
    namespace: &[u8; 32],
    after_id: i64,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let namespace = namespace.as_slice();
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE namespace = ? AND id > ? AND expires_ms > ?
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) ORDER BY id LIMIT ?",
        namespace,
        after_id,
        now_ms,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}

pub(super) async fn since(
    readers: &SqlitePool,
    after_id: i64,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE id > ?
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) ORDER BY id LIMIT ?",
        after_id,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}

pub(super) async fn of_others(
    readers: &SqlitePool,
    embedder: &str,
    limit: u32,
) -> Result<Vec<SemanticEntry>, StoreError> {
    let stored = sqlx::query_as!(
        Stored,
        "SELECT id, base, namespace, embedder, group_name, key, question, answer_id, expires_ms, vector
         FROM semantic_entries WHERE embedder <> ?
         AND EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = semantic_entries.key) LIMIT ?",
        embedder,
        limit
    )
    .fetch_all(readers)
    .await
    .map_err(from_sqlx)?;
    read(stored)
}
