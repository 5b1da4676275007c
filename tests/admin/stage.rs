//! A fresh database, a clock that stands still, and a live side that remembers what it was asked to do.

use async_trait::async_trait;
use serde_json::Value;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use weir_admin::{Admin, LimitActivity, Live};
use weir_contract::{
    ApiError, ErrorCode, NanoUsd,
    command::providers::ProviderTest,
    model::change::Actor,
    model::{
        cache::CacheSelector,
        catalog::{IntentState, ProviderState, TierState},
        key::VirtualKey,
        limit::Limit,
        request::{CacheOutcome, CostBasis, RequestRow, RequestStatus},
        tier::Tier,
        usage::TokenUsage,
    },
};
use weir_engine::{
    clock::ManualClock,
    store::{KeyStore, RequestRecord, RequestStore, RollupStore, Store},
};

/// 2026-09-21 14:26:40 UTC.
pub(crate) const NOW_MS: i64 = 1_790_000_800_000;

/// Remembers what it was asked to do.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) reloads: AtomicUsize,
    pub(crate) forgotten: Mutex<Vec<CacheSelector>>,
}

impl Recorder {
    pub(crate) fn reloads(&self) -> usize {
        self.reloads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Live for Recorder {
    fn is_running(&self) -> bool {
        false
    }
    fn providers(&self) -> Vec<ProviderState> {
        Vec::new()
    }
    async fn test_provider(&self, _name: &str) -> Result<ProviderTest, ApiError> {
        Err(ApiError::new(ErrorCode::Unavailable, "not in these tests"))
    }
    fn tiers(&self) -> Vec<TierState> {
        Vec::new()
    }
    fn intents(&self) -> Vec<IntentState> {
        Vec::new()
    }
    fn default_provider(&self) -> String {
        String::new()
    }
    async fn limit_activity(&self, _limit: &Limit) -> Result<LimitActivity, ApiError> {
        Ok(LimitActivity {
            active_callers: 2,
            busiest: Some(("alice".into(), 7)),
            refused: 3,
            would_refuse: 4,
        })
    }
    fn memory_cache(&self) -> (i64, i64) {
        (5, 500)
    }
    async fn forget_cached(&self, selector: &CacheSelector) {
        self.forgotten.lock().unwrap().push(selector.clone());
    }
    async fn reload(&self) -> Result<(), ApiError> {
        self.reloads.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
    fn held(&self, _cap: &str, _period_start_ms: i64) -> Option<NanoUsd> {
        Some(NanoUsd(42))
    }
}

/// Everything one test needs; the folder goes when it is dropped.
pub(crate) struct Stage {
    pub(crate) admin: Admin,
    pub(crate) live: Arc<Recorder>,
    pub(crate) store: Arc<weir_store_sqlite::SqliteStore>,
    folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(
            weir_store_sqlite::open(&folder.path().join("weir.db"))
                .await
                .unwrap(),
        );
        let live = Arc::new(Recorder::default());
        let admin = Admin {
            store: store.clone() as Arc<dyn Store>,
            live: live.clone(),
            clock: Arc::new(ManualClock::at_ms(NOW_MS)),
            actor: Actor {
                user: "ada".into(),
                door: "test".into(),
                ..Actor::default()
            },
            occasion: weir_admin::Occasion::default(),
        };
        Stage {
            admin,
            live,
            store,
            folder,
        }
    }

    pub(crate) async fn ok(&self, name: &str, args: Value) -> Value {
        match weir_admin::call(&self.admin, name, args).await {
            Ok(reply) => reply,
            Err(error) => panic!("{name}: {error}"),
        }
    }

    pub(crate) async fn fails(&self, name: &str, args: Value) -> ApiError {
        match weir_admin::call(&self.admin, name, args).await {
            Ok(reply) => panic!("{name} succeeded: {reply}"),
            Err(error) => error,
        }
    }

    pub(crate) async fn store_key(&self, id: &str) -> VirtualKey {
        self.store.find_key(id).await.unwrap().unwrap().key
    }

    /// Runs a statement on the file behind Weir's back.
    pub(crate) async fn meddle(&self, statement: &str) {
        let script =
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()";
        let done = tokio::process::Command::new("python3")
            .args(["-c", script])
            .arg(self.folder.path().join("weir.db"))
            .arg(statement)
            .status()
            .await
            .unwrap();
        assert!(done.success(), "{statement}");
    }

    /// Records the rows and folds them into the rollups.
    pub(crate) async fn record(&self, rows: Vec<RequestRow>) {
        for row in rows {
            let record = RequestRecord {
                row,
                trace: Vec::new(),
                request_body: None,
                response_body: None,
                settlements: Vec::new(),
                hit_key: None,
            };
            self.store.record(record).await.unwrap();
        }
        self.store.fold_rollups().await.unwrap();
    }
}

/// A request that was bought for a thousandth of a dollar, `n` minutes ago.
pub(crate) fn bought(n: i64) -> RequestRow {
    let started_ms = NOW_MS - n * 60_000;
    RequestRow {
        id: format!("{:012x}-request-{n:04}", started_ms),
        started_ms,
        duration_us: 200_000,
        first_byte_us: 190_000,
        upstream_us: 189_000,
        endpoint: "chat_completions".into(),
        streamed: false,
        key_id: "abc".into(),
        team: String::new(),
        user: "alice".into(),
        session: String::new(),
        event: String::new(),
        tags: Vec::new(),
        client_ip: "127.0.0.1".into(),
        intent: "faq".into(),
        requested_model: "auto".into(),
        tier: Some(Tier::T1),
        provider: "openai".into(),
        model: "small".into(),
        simulated: false,
        cache: CacheOutcome::Miss,
        variants: vec!["cheap=old".into()],
        status: RequestStatus::Ok,
        http_status: 200,
        error: String::new(),
        attempts: 1,
        tokens: TokenUsage {
            input: 10,
            output: 5,
            ..TokenUsage::default()
        },
        cost_nanousd: NanoUsd(1_000_000),
        saved_nanousd: NanoUsd::ZERO,
        cost_basis: CostBasis::Settled,
        price_id: "p".into(),
        price_unknown: false,
    }
}

/// The same request answered from the cache.
pub(crate) fn hit(n: i64) -> RequestRow {
    RequestRow {
        id: format!("{}-hit", bought(n).id),
        duration_us: 1_000,
        cache: CacheOutcome::Response,
        tier: None,
        variants: vec!["cheap=new".into()],
        cost_nanousd: NanoUsd::ZERO,
        saved_nanousd: NanoUsd(1_000_000),
        cost_basis: CostBasis::Free,
        ..bought(n)
    }
}
