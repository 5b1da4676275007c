//! The semantic cache's rows: questions, decisions, pairs that never match, marks of cached answers.

mod changes;
mod decisions;
mod marks;
mod questions;

use crate::{SqliteStore, error::from_sqlx};
use async_trait::async_trait;
use weir_contract::model::semantic::SemanticNeverPair;
use weir_engine::store::{
    NewSemanticEntry, SemanticChange, SemanticDecision, SemanticEntry, SemanticLabel, SemanticStore,
    SemanticSums, StoreError,
};

#[async_trait]
impl SemanticStore for SqliteStore {
    async fn put_question(&self, entry: NewSemanticEntry) -> Result<Option<i64>, StoreError> {
        self.write(questions::Put(entry)).await
    }

    async fn questions_of(
        &self,
        namespace: &[u8; 32],
        after_id: i64,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        questions::of_namespace(self.readers(), namespace, after_id, now_ms, limit).await
    }

    async fn questions_since(&self, after_id: i64, limit: u32) -> Result<Vec<SemanticEntry>, StoreError> {
        questions::since(self.readers(), after_id, limit).await
    }

    async fn question_count(&self) -> Result<(i64, i64), StoreError> {
        let found = sqlx::query!(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM cache_tombstones) OR EXISTS (SELECT 1 FROM cache_wide_clears)
                         THEN (SELECT count(*) FROM semantic_entries AS asked
                               WHERE EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = asked.key))
                         ELSE count(*) END
                        AS \"count!: i64\",
                    coalesce(max(id), 0) AS \"last!: i64\" FROM semantic_entries"
        )
        .fetch_one(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok((found.count, found.last))
    }

    async fn count_questions_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        // Two ranges instead of `<>`, so that the index is used.
        sqlx::query_scalar!(
            "SELECT count(*) AS \"n!: i64\" FROM semantic_entries WHERE embedder < ?1 OR embedder > ?1",
            embedder
        )
        .fetch_one(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn questions_of_others(
        &self,
        embedder: &str,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        questions::of_others(self.readers(), embedder, limit).await
    }

    async fn record_decision(&self, decision: SemanticDecision) -> Result<(), StoreError> {
        self.write(decisions::Record(decision)).await
    }

    async fn label_decision(&self, label: SemanticLabel) -> Result<Option<SemanticDecision>, StoreError> {
        let request_id = label.request_id.clone();
        if self.write(decisions::SetLabel(label)).await? {
            return decisions::one(self.readers(), &request_id).await;
        }
        Ok(None)
    }

    async fn decision(&self, request_id: &str) -> Result<Option<SemanticDecision>, StoreError> {
        decisions::one(self.readers(), request_id).await
    }

    async fn decisions_of(&self, group: &str, limit: u32) -> Result<Vec<SemanticDecision>, StoreError> {
        decisions::of_group(self.readers(), group, limit).await
    }

    async fn newest_decisions(
        &self,
        intent: Option<&str>,
        review: bool,
        limit: u32,
    ) -> Result<Vec<SemanticDecision>, StoreError> {
        decisions::newest(self.readers(), intent, review, limit).await
    }

    async fn decision_sums(&self, since_ms: i64) -> Result<Vec<SemanticSums>, StoreError> {
        sqlx::query_as!(
            SemanticSums,
            "SELECT intent, count(*) AS \"judged!: i64\", sum(outcome = 'served') AS \"served!: i64\",
                    sum(outcome = 'would_serve') AS \"would_serve!: i64\", sum(same IS NOT NULL) AS \"labels!: i64\",
                    sum(outcome <> 'bought' AND origin IN ('audit', 'shadow', 'judge')) AS \"checked!: i64\",
                    sum(outcome <> 'bought' AND origin IN ('audit', 'shadow', 'judge') AND same = 0) AS \"wrong!: i64\",
                    sum(audit_nanousd) AS \"audit_nanousd!: i64\"
             FROM semantic_decisions WHERE at_ms >= ? GROUP BY intent ORDER BY intent",
            since_ms
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)
    }

    async fn never_match(
        &self,
        group: &str,
        pair: (&str, &str),
        who: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        // One order, so that a pair stands there once.
        let (one, other) = (pair.0.min(pair.1).to_owned(), pair.0.max(pair.1).to_owned());
        let (group, who) = (group.to_owned(), who.to_owned());
        self.write(decisions::Never {
            group,
            one,
            other,
            who,
            now_ms,
        })
        .await
    }

    async fn never_of(&self, group: &str) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT one, other FROM semantic_never WHERE group_name = ?",
            group
        )
        .fetch_all(self.readers())
        .await
        .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(|row| (row.one, row.other)).collect())
    }

    async fn allow_match(&self, group: &str, pair: (&str, &str)) -> Result<bool, StoreError> {
        let (one, other) = (pair.0.min(pair.1).to_owned(), pair.0.max(pair.1).to_owned());
        let group = group.to_owned();
        self.write(changes::Allow { group, one, other }).await
    }

    async fn never_pairs(&self, limit: u32) -> Result<Vec<SemanticNeverPair>, StoreError> {
        changes::never_pairs(self.readers(), limit).await
    }

    async fn last_semantic_change(&self) -> Result<i64, StoreError> {
        changes::last(self.readers()).await
    }

    async fn semantic_changes(
        &self,
        after_seq: i64,
        limit: u32,
    ) -> Result<(i64, Vec<SemanticChange>), StoreError> {
        changes::after(self.readers(), after_seq, limit).await
    }

    async fn mark_entry(&self, key: &str, user: &str, sources: &[String]) -> Result<(), StoreError> {
        self.write(marks::Mark {
            key: key.to_owned(),
            user: user.to_owned(),
            sources: sources.to_vec(),
        })
        .await
    }

    async fn expire_decisions(&self, before_ms: i64) -> Result<(), StoreError> {
        self.write(decisions::Expire { before_ms }).await
    }
}
