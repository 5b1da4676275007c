//! A store that can be told to take no finished requests, as a database does whose disk is full or locked.

use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use weir_contract::{
    NanoUsd,
    model::{
        alert::{AlertEvent, Delivery},
        backup::{Backup, BackupReason},
        cache::{CacheEntryRow, CacheExtent, CacheSelector},
        change::{Change, ChangeFilter},
        key::VirtualKey,
        ledger::{Bill, BilledModel, LedgerCheck},
        request::{RequestDetail, RequestFilter, RequestRow},
        semantic::SemanticNeverPair,
        time::TimeRange,
    },
};
use weir_engine::{
    budget::{learned_ratio::RatioCount, period::CountedStarts},
    change::Act,
    store::{
        AlertStore, AuditStore, BackupStore, BoughtModel, BoughtRequest, CacheEntry, CacheStore, CapBalance,
        ChangeStore, ClearEnd, ClearEvent, ClearStore, Cleared, Clearing, ConfigItem, ConfigStore,
        CorrectionOutcome, CorrectionRequest, DeliveryOutcome, Dimension, DueDelivery, EndOutcome,
        GatewayReport, GatewayStore, Grain, HourSpend, KeyRecord, KeyStore, KnownClear, KnownGateway,
        LatencyPoint, LeaseKey, LeaseRecall, LeaseRequest, LeaseReturn, LedgerStore, LimitExchange,
        LimitFill, LimitReply, LimitStore, NewAlert, NewSemanticEntry, OpenReservation, RatioStore,
        RequestRecord, RequestStore, RollupPoint, RollupStore, SemanticChange, SemanticDecision,
        SemanticEntry, SemanticLabel, SemanticStore, SemanticSums, Snooze, StoreError, UndoSource,
    },
};
use weir_store_sqlite::SqliteStore;

/// SQLite behind a switch.
pub(crate) struct Flaky {
    pub(crate) inner: SqliteStore,
    pub(crate) refuses_records: AtomicBool,
    /// True while nothing that has to do with money can be reached.
    pub(crate) is_away: AtomicBool,
}

impl Flaky {
    fn be_there(&self) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the database is cut off".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl RequestStore for Flaky {
    async fn open_reservation(&self, reservation: OpenReservation) -> Result<(), StoreError> {
        self.be_there()?;
        self.inner.open_reservation(reservation).await
    }
    async fn record(&self, record: RequestRecord) -> Result<(), StoreError> {
        self.be_there()?;
        if self.refuses_records.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("told to fail".into()));
        }
        self.inner.record(record).await
    }
    async fn list_requests(
        &self,
        filter: &RequestFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.inner.list_requests(filter, cursor, limit).await
    }
    async fn get_request(&self, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        self.inner.get_request(id).await
    }
    async fn expire_requests(&self, bodies_before_ms: i64, rows_before_ms: i64) -> Result<u64, StoreError> {
        self.inner.expire_requests(bodies_before_ms, rows_before_ms).await
    }
}

#[async_trait]
impl LimitStore for Flaky {
    async fn exchange_limits(&self, exchange: LimitExchange) -> Result<LimitReply, StoreError> {
        self.inner.exchange_limits(exchange).await
    }
    async fn reclaim_limits(&self, known_ms: i64, dead_after_ms: i64) -> Result<u64, StoreError> {
        self.inner.reclaim_limits(known_ms, dead_after_ms).await
    }
    async fn limit_fill(&self, pool: &str, rest_ms: i64) -> Result<LimitFill, StoreError> {
        self.inner.limit_fill(pool, rest_ms).await
    }
    async fn limit_log(&self, from_ms: i64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.limit_log(from_ms).await
    }
    async fn expire_limit_log(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.inner.expire_limit_log(before_ms).await
    }
}

#[async_trait]
impl LedgerStore for Flaky {
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<NanoUsd, StoreError> {
        self.be_there()?;
        self.inner.acquire_lease(request).await
    }
    async fn return_lease(
        &self,
        key: &LeaseKey,
        unspent_nanousd: NanoUsd,
    ) -> Result<LeaseReturn, StoreError> {
        self.inner.return_lease(key, unspent_nanousd).await
    }
    async fn balances(
        &self,
        cap: &str,
        counted: CountedStarts,
    ) -> Result<Vec<(i64, CapBalance)>, StoreError> {
        self.be_there()?;
        self.inner.balances(cap, counted).await
    }
    async fn top_balances(
        &self,
        prefix: &str,
        counted: CountedStarts,
        most: u32,
    ) -> Result<Vec<(String, CapBalance)>, StoreError> {
        self.inner.top_balances(prefix, counted, most).await
    }
    async fn open_beyond(&self, cap: &str, counted: CountedStarts) -> Result<NanoUsd, StoreError> {
        self.inner.open_beyond(cap, counted).await
    }
    async fn recall_leases(
        &self,
        cap: &str,
        counted: CountedStarts,
        gateway_id: &str,
    ) -> Result<bool, StoreError> {
        self.inner.recall_leases(cap, counted, gateway_id).await
    }
    async fn recalled_leases(&self, after_seq: i64) -> Result<Vec<LeaseRecall>, StoreError> {
        self.inner.recalled_leases(after_seq).await
    }
    async fn beat(&self, gateway_id: &str, now_ms: i64) -> Result<(), StoreError> {
        self.be_there()?;
        self.inner.beat(gateway_id, now_ms).await
    }
    async fn recover_dead_gateways(&self, dead_before_ms: i64, now_ms: i64) -> Result<u64, StoreError> {
        self.inner.recover_dead_gateways(dead_before_ms, now_ms).await
    }
    async fn check_ledger(&self) -> Result<Vec<(LeaseKey, NanoUsd, NanoUsd)>, StoreError> {
        self.inner.check_ledger().await
    }
}

#[async_trait]
impl AuditStore for Flaky {
    async fn correct_request(
        &self,
        correction: CorrectionRequest,
        act: &Act,
    ) -> Result<CorrectionOutcome, StoreError> {
        self.inner.correct_request(correction, act).await
    }
    async fn save_ledger_check(&self, check: &LedgerCheck) -> Result<(), StoreError> {
        self.inner.save_ledger_check(check).await
    }
    async fn last_ledger_check(&self) -> Result<Option<LedgerCheck>, StoreError> {
        self.inner.last_ledger_check().await
    }
    async fn insert_bill(&self, bill: &Bill, models: &[BilledModel], act: &Act) -> Result<(), StoreError> {
        self.inner.insert_bill(bill, models, act).await
    }
    async fn list_bills(&self) -> Result<Vec<Bill>, StoreError> {
        self.inner.list_bills().await
    }
    async fn get_bill(&self, id: &str) -> Result<Option<(Bill, Vec<BilledModel>)>, StoreError> {
        self.inner.get_bill(id).await
    }
    async fn bought_models(&self, provider: &str, range: TimeRange) -> Result<Vec<BoughtModel>, StoreError> {
        self.inner.bought_models(provider, range).await
    }
    async fn oldest_request_ms(&self) -> Result<Option<i64>, StoreError> {
        self.inner.oldest_request_ms().await
    }
}

#[async_trait]
impl RatioStore for Flaky {
    async fn add_ratio_counts(&self, counts: Vec<RatioCount>) -> Result<(), StoreError> {
        self.inner.add_ratio_counts(counts).await
    }
    async fn ratio_counts(&self) -> Result<Vec<RatioCount>, StoreError> {
        self.inner.ratio_counts().await
    }
}

#[async_trait]
impl CacheStore for Flaky {
    async fn get_entry(&self, key: &str, now_ms: i64) -> Result<Option<CacheEntry>, StoreError> {
        self.inner.get_entry(key, now_ms).await
    }
    async fn put_entry(&self, entry: CacheEntry) -> Result<(), StoreError> {
        self.inner.put_entry(entry).await
    }
    async fn list_entries(
        &self,
        selector: &CacheSelector,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CacheEntryRow>, StoreError> {
        self.inner.list_entries(selector, cursor, limit).await
    }
    async fn extent(&self, selector: &CacheSelector) -> Result<CacheExtent, StoreError> {
        self.inner.extent(selector).await
    }
    async fn clear_entries(
        &self,
        selector: &CacheSelector,
        act: Option<&Act>,
    ) -> Result<CacheExtent, StoreError> {
        self.inner.clear_entries(selector, act).await
    }
    async fn expire_entries(&self, now_ms: i64, app_version: &str) -> Result<u64, StoreError> {
        self.inner.expire_entries(now_ms, app_version).await
    }
}

#[async_trait]
impl ClearStore for Flaky {
    async fn clear(&self, clearing: &Clearing, act: &Act) -> Result<Cleared, StoreError> {
        self.inner.clear(clearing, act).await
    }
    async fn end_clear(&self, seq: i64, end: ClearEnd, act: &Act) -> Result<EndOutcome, StoreError> {
        self.inner.end_clear(seq, end, act).await
    }
    async fn purge_cleared(&self, now_ms: i64) -> Result<u64, StoreError> {
        self.inner.purge_cleared(now_ms).await
    }
    async fn list_clears(&self, limit: u32) -> Result<Vec<KnownClear>, StoreError> {
        self.inner.list_clears(limit).await
    }
    async fn newest_clear(&self) -> Result<i64, StoreError> {
        self.inner.newest_clear().await
    }
    async fn clears_since(&self, seq: i64, limit: u32) -> Result<Vec<ClearEvent>, StoreError> {
        self.inner.clears_since(seq, limit).await
    }
}

#[async_trait]
impl ConfigStore for Flaky {
    async fn config_version(&self) -> Result<i64, StoreError> {
        self.inner.config_version().await
    }
    async fn config_items(&self) -> Result<Vec<ConfigItem>, StoreError> {
        self.inner.config_items().await
    }
    async fn save_config(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        self.inner
            .save_config(kind, name, body, expected_version, act)
            .await
    }
    async fn delete_config(
        &self,
        kind: &str,
        name: &str,
        expected_version: i64,
        act: &Act,
    ) -> Result<i64, StoreError> {
        self.inner.delete_config(kind, name, expected_version, act).await
    }
}

#[async_trait]
impl KeyStore for Flaky {
    async fn insert_key(
        &self,
        key: &VirtualKey,
        secret_sha256: &[u8; 32],
        act: &Act,
    ) -> Result<(), StoreError> {
        self.inner.insert_key(key, secret_sha256, act).await
    }
    async fn find_key(&self, id: &str) -> Result<Option<KeyRecord>, StoreError> {
        self.inner.find_key(id).await
    }
    async fn list_keys(&self) -> Result<Vec<VirtualKey>, StoreError> {
        self.inner.list_keys().await
    }
    async fn update_key(&self, key: &VirtualKey, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.inner.update_key(key, act).await
    }
    async fn rotate_key(
        &self,
        id: &str,
        secret_sha256: &[u8; 32],
        last_four: &str,
        previous_until_ms: i64,
        act: &Act,
    ) -> Result<Option<VirtualKey>, StoreError> {
        self.inner
            .rotate_key(id, secret_sha256, last_four, previous_until_ms, act)
            .await
    }
    async fn end_overlap(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.inner.end_overlap(id, act).await
    }
    async fn revoke_key(&self, id: &str, act: &Act) -> Result<Option<VirtualKey>, StoreError> {
        self.inner.revoke_key(id, act).await
    }
}

#[async_trait]
impl RollupStore for Flaky {
    async fn rollup_series(
        &self,
        dimension: Dimension,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<RollupPoint>, StoreError> {
        self.inner.rollup_series(dimension, grain, range, step_ms).await
    }
    async fn latency_series(
        &self,
        grain: Grain,
        range: TimeRange,
        step_ms: i64,
    ) -> Result<Vec<LatencyPoint>, StoreError> {
        self.inner.latency_series(grain, range, step_ms).await
    }
    async fn value_hours(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
    ) -> Result<Vec<HourSpend>, StoreError> {
        self.inner.value_hours(dimension, value, range).await
    }
    async fn values_above(
        &self,
        dimension: Dimension,
        range: TimeRange,
        least: NanoUsd,
        most: u32,
    ) -> Result<Vec<(String, HourSpend)>, StoreError> {
        self.inner.values_above(dimension, range, least, most).await
    }
    async fn all_spend(&self, range: TimeRange) -> Result<HourSpend, StoreError> {
        self.inner.all_spend(range).await
    }
    async fn bought_requests(
        &self,
        dimension: Dimension,
        value: &str,
        range: TimeRange,
        most: u32,
    ) -> Result<Vec<BoughtRequest>, StoreError> {
        self.inner.bought_requests(dimension, value, range, most).await
    }
    async fn fold_rollups(&self) -> Result<(), StoreError> {
        self.inner.fold_rollups().await
    }
    async fn expire_rollups(&self, now_ms: i64) -> Result<u64, StoreError> {
        self.inner.expire_rollups(now_ms).await
    }
}

#[async_trait]
impl AlertStore for Flaky {
    async fn raise_alert(&self, alert: NewAlert) -> Result<bool, StoreError> {
        self.inner.raise_alert(alert).await
    }
    async fn claim_delivery(
        &self,
        now_ms: i64,
        busy_until_ms: i64,
    ) -> Result<Option<DueDelivery>, StoreError> {
        self.inner.claim_delivery(now_ms, busy_until_ms).await
    }
    async fn finish_delivery(&self, outcome: DeliveryOutcome) -> Result<(), StoreError> {
        self.inner.finish_delivery(outcome).await
    }
    async fn alert_history(&self, before_id: Option<i64>, limit: u32) -> Result<Vec<AlertEvent>, StoreError> {
        self.inner.alert_history(before_id, limit).await
    }
    async fn newest_alerts(&self) -> Result<Vec<AlertEvent>, StoreError> {
        self.inner.newest_alerts().await
    }
    async fn newest_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.inner.newest_deliveries().await
    }
    async fn snoozes(&self, now_ms: i64) -> Result<Vec<Snooze>, StoreError> {
        self.inner.snoozes(now_ms).await
    }
    async fn set_snooze(&self, snooze: Snooze, act: &Act) -> Result<(), StoreError> {
        self.inner.set_snooze(snooze, act).await
    }
    async fn expire_alerts(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.inner.expire_alerts(before_ms).await
    }
}

#[async_trait]
impl ChangeStore for Flaky {
    async fn list_changes(
        &self,
        filter: &ChangeFilter,
        before_seq: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(Change, Option<i64>)>, StoreError> {
        self.inner.list_changes(filter, before_seq, limit).await
    }
    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        self.inner.changes_after(seq, limit).await
    }
    async fn get_change(&self, seq: i64) -> Result<Option<(Change, Option<i64>)>, StoreError> {
        self.inner.get_change(seq).await
    }
    async fn undo_source(&self, seq: i64) -> Result<Option<UndoSource>, StoreError> {
        self.inner.undo_source(seq).await
    }
    async fn config_version_body(
        &self,
        version: i64,
    ) -> Result<Option<(String, i64, Option<String>)>, StoreError> {
        self.inner.config_version_body(version).await
    }
    async fn note_change(&self, kind: &str, name: &str, act: &Act) -> Result<i64, StoreError> {
        self.inner.note_change(kind, name, act).await
    }
    async fn expire_undo_sources(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.inner.expire_undo_sources(before_ms).await
    }
}

#[async_trait]
impl BackupStore for Flaky {
    async fn back_up(&self, reason: BackupReason, now_ms: i64) -> Result<Backup, StoreError> {
        self.inner.back_up(reason, now_ms).await
    }
    async fn list_backups(&self) -> Result<Vec<Backup>, StoreError> {
        self.inner.list_backups().await
    }
    async fn remove_backup(&self, backup: &Backup) -> Result<(), StoreError> {
        self.inner.remove_backup(backup).await
    }
    fn backup_place(&self) -> String {
        self.inner.backup_place()
    }
    fn makes_backups(&self) -> bool {
        self.inner.makes_backups()
    }
}

#[async_trait]
impl SemanticStore for Flaky {
    async fn put_question(&self, entry: NewSemanticEntry) -> Result<Option<i64>, StoreError> {
        self.inner.put_question(entry).await
    }
    async fn questions_of(
        &self,
        namespace: &[u8; 32],
        after_id: i64,
        now_ms: i64,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        self.inner.questions_of(namespace, after_id, now_ms, limit).await
    }
    async fn questions_since(&self, after_id: i64, limit: u32) -> Result<Vec<SemanticEntry>, StoreError> {
        self.inner.questions_since(after_id, limit).await
    }
    async fn count_questions_of_others(&self, embedder: &str) -> Result<i64, StoreError> {
        self.inner.count_questions_of_others(embedder).await
    }
    async fn question_count(&self) -> Result<(i64, i64), StoreError> {
        self.inner.question_count().await
    }
    async fn questions_of_others(
        &self,
        embedder: &str,
        limit: u32,
    ) -> Result<Vec<SemanticEntry>, StoreError> {
        self.inner.questions_of_others(embedder, limit).await
    }
    async fn record_decision(&self, decision: SemanticDecision) -> Result<(), StoreError> {
        self.inner.record_decision(decision).await
    }
    async fn label_decision(&self, label: SemanticLabel) -> Result<Option<SemanticDecision>, StoreError> {
        self.inner.label_decision(label).await
    }
    async fn decision(&self, request_id: &str) -> Result<Option<SemanticDecision>, StoreError> {
        self.inner.decision(request_id).await
    }
    async fn decisions_of(&self, group: &str, limit: u32) -> Result<Vec<SemanticDecision>, StoreError> {
        self.inner.decisions_of(group, limit).await
    }
    async fn newest_decisions(
        &self,
        intent: Option<&str>,
        review: bool,
        limit: u32,
    ) -> Result<Vec<SemanticDecision>, StoreError> {
        self.inner.newest_decisions(intent, review, limit).await
    }
    async fn decision_sums(&self, since_ms: i64) -> Result<Vec<SemanticSums>, StoreError> {
        self.inner.decision_sums(since_ms).await
    }
    async fn never_match(
        &self,
        group: &str,
        pair: (&str, &str),
        who: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.inner.never_match(group, pair, who, now_ms).await
    }
    async fn never_of(&self, group: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.never_of(group).await
    }
    async fn allow_match(&self, group: &str, pair: (&str, &str)) -> Result<bool, StoreError> {
        self.inner.allow_match(group, pair).await
    }
    async fn never_pairs(&self, limit: u32) -> Result<Vec<SemanticNeverPair>, StoreError> {
        self.inner.never_pairs(limit).await
    }
    async fn last_semantic_change(&self) -> Result<i64, StoreError> {
        self.inner.last_semantic_change().await
    }
    async fn semantic_changes(
        &self,
        after_seq: i64,
        limit: u32,
    ) -> Result<(i64, Vec<SemanticChange>), StoreError> {
        self.inner.semantic_changes(after_seq, limit).await
    }
    async fn mark_entry(&self, key: &str, user: &str, sources: &[String]) -> Result<(), StoreError> {
        self.inner.mark_entry(key, user, sources).await
    }
    async fn expire_decisions(&self, before_ms: i64) -> Result<(), StoreError> {
        self.inner.expire_decisions(before_ms).await
    }
}

#[async_trait]
impl GatewayStore for Flaky {
    async fn report_gateway(&self, report: &GatewayReport) -> Result<(), StoreError> {
        self.inner.report_gateway(report).await
    }
    async fn list_gateways(&self) -> Result<Vec<KnownGateway>, StoreError> {
        self.inner.list_gateways().await
    }
}
