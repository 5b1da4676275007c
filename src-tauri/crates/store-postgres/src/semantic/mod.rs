//! The semantic cache's rows: questions, decisions, pairs that never match, marks of cached answers, and what others must hear of.

mod changes;
mod decisions;
mod questions;

use crate::{
    PostgresStore,
    text::{all_storable, storable},
};
use async_trait::async_trait;
use weir_contract::model::semantic::SemanticNeverPair;
use weir_engine::store::{
    NewSemanticEntry, SemanticChange, SemanticDecision, SemanticEntry, SemanticLabel, SemanticStore,
    SemanticSums, StoreError,
};

#[async_trait]
impl SemanticStore for PostgresStore {
    async fn put_question(&self, entry: NewSemanticEntry) -> Result<Option<i64>, StoreError> {
        self.present(questions::put(self.pool(), &entry)).await
    }

    async fn questions_of(
        &self,
        namespace: &[u8; 32],
        after_id: i64,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        self.present(questions::of_namespace(
            self.pool(),
            namespace,
            after_id,
            now_ms,
            limit,
        ))
        .await
    }

    async fn questions_since(&self, after_id: i64, limit: u32) -> Result<Vec<SemanticEntry>, StoreError> {
        self.present(questions::since(self.pool(), after_id, limit)).await
    }

    async fn question_count(&self) -> Result<(i64, i64), StoreError> {
        let found = self
            .asked(
                sqlx::query!(
                    "SELECT CASE WHEN EXISTS (SELECT 1 FROM cache_tombstones) OR EXISTS (SELECT 1 FROM cache_wide_clears)
                                 THEN (SELECT count(*) FROM semantic_entries AS asked
                                       WHERE EXISTS (SELECT 1 FROM served_entries AS served WHERE served.key = asked.key))
                                 ELSE count(*) END
                        AS \"count!\",
                    coalesce(max(id), 0) AS \"last!\" FROM semantic_entries"
                )
                .fetch_one(self.pool()),
            )
            .await?;
        Ok((found.count, found.last))
    }

    async fn count_questions_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        // Two ranges instead of `<>`, so that the index is used.
        let count = sqlx::query_scalar!(
            "SELECT count(*) AS \"n!\" FROM semantic_entries WHERE embedder < $1 OR embedder > $1",
            storable(embedder).into_owned()
        );
        self.asked(count.fetch_one(self.pool())).await
    }

    async fn questions_of_others(
        &self,
        embedder: &str,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        self.present(questions::of_others(self.pool(), embedder, limit))
            .await
    }

    async fn record_decision(&self, decision: SemanticDecision) -> Result<(), StoreError> {
        self.present(decisions::record(self.pool(), &decision)).await
    }

    async fn label_decision(&self, label: SemanticLabel) -> Result<Option<SemanticDecision>, StoreError> {
        if decisions::label(self.pool(), &label).await? {
            return decisions::one(self.pool(), &label.request_id).await;
        }
        Ok(None)
    }

    async fn decision(&self, request_id: &str) -> Result<Option<SemanticDecision>, StoreError> {
        self.present(decisions::one(self.pool(), request_id)).await
    }

    async fn decisions_of(&self, group: &str, limit: u32) -> Result<Vec<SemanticDecision>, StoreError> {
        self.present(decisions::of_group(self.pool(), group, limit)).await
    }

    async fn newest_decisions(
        &self,
        intent: Option<&str>,
        review: bool,
        limit: u32,
    ) -> Result<Vec<SemanticDecision>, StoreError> {
        self.present(decisions::newest(self.pool(), intent, review, limit))
            .await
    }

    async fn decision_sums(&self, since_ms: i64) -> Result<Vec<SemanticSums>, StoreError> {
        self.asked(
sqlx::query_as!(
            SemanticSums,
            "SELECT intent, count(*) AS \"judged!\", count(*) FILTER (WHERE outcome = 'served') AS \"served!\",
                    count(*) FILTER (WHERE outcome = 'would_serve') AS \"would_serve!\", count(same) AS \"labels!\",
                    count(*) FILTER (WHERE outcome <> 'bought' AND origin IN ('audit', 'shadow', 'judge')) AS \"checked!\",
                    count(*) FILTER (WHERE outcome <> 'bought' AND origin IN ('audit', 'shadow', 'judge') AND NOT same) AS \"wrong!\",
                    sum(audit_nanousd)::bigint AS \"audit_nanousd!\"
             FROM semantic_decisions WHERE at_ms >= $1 GROUP BY intent ORDER BY intent",
            since_ms
        ).fetch_all(self.pool())).await
    }

    async fn never_match(
        &self,
        group: &str,
        pair: (&str, &str),
        who: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.present(changes::never(self.pool(), group, pair, who, now_ms))
            .await
    }

    async fn never_of(&self, group: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.present(changes::never_of(self.pool(), group)).await
    }

    async fn allow_match(&self, group: &str, pair: (&str, &str)) -> Result<bool, StoreError> {
        self.present(changes::allow(self.pool(), group, pair)).await
    }

    async fn never_pairs(&self, limit: u32) -> Result<Vec<SemanticNeverPair>, StoreError> {
        self.present(changes::never_pairs(self.pool(), limit)).await
    }

    async fn last_semantic_change(&self) -> Result<i64, StoreError> {
        self.present(changes::last(self.pool())).await
    }

    async fn semantic_changes(
        &self,
        after_seq: i64,
        limit: u32,
    ) -> Result<(i64, Vec<SemanticChange>), StoreError> {
        self.present(changes::after(self.pool(), after_seq, limit)).await
    }

    async fn mark_entry(&self, key: &str, user: &str, sources: &[String]) -> Result<(), StoreError> {
        let sources: Vec<String> = all_storable(sources).into_iter().map(Into::into).collect();
        self.asked(
            sqlx::query!(
                "SELECT mark_entry($1, $2, $3)",
                storable(key).into_owned(),
                storable(user).into_owned(),
                &sources
            )
            .execute(self.pool()),
        )
        .await
        .map(|_| ())
    }

    async fn expire_decisions(&self, before_ms: i64) -> Result<(), StoreError> {
        self.present(decisions::expire(self.pool(), before_ms)).await
    }
}
