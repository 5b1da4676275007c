//! The steps of a cap in a running engine: what a call is served with as its user nears the cap, and what it is told.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapAction, CapPeriod, CapScope, CapStep, CapSubject},
        catalog::{KeySource, ProviderConfig, ProviderProtocol},
        key::VirtualKey,
        tier::Tier,
    },
};
use weir_engine::{
    budget::{counted::ledger_key, period::CountedStarts},
    call::{Call, Refusal, RefusalCode, ReplyFacts, Wishes},
    clock::ManualClock,
    engine::{Engine, Random},
    intent::{IntentDetector, IntentRule},
    pipeline,
    price::{overrides::PriceOverride, table::PriceBook},
    protocol::parse_chat,
    provider::simulated::{MODELS, Simulated},
    request::ClientProtocol,
    settings::{ModelRef, RunningProvider, Settings, Timeouts},
    store::{LeaseKey, LeaseRequest, LedgerStore, RequestStore, Settlement, Store},
};
use weir_store_sqlite::SqliteStore;

/// 2026-09-21 13:46:40 UTC.
const NOW_MS: i64 = 1_790_000_800_000;
const DAY_MS: i64 = 86_400_000;
const DAY_START_MS: i64 = NOW_MS - NOW_MS % DAY_MS;
/// So large that what the calls themselves cost is no percent of it.
const LIMIT_USD: i64 = 10_000;

struct Counting(AtomicU64);

impl Random for Counting {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

fn per_user() -> Cap {
    Cap {
        name: "per-user".into(),
        scope: CapScope::Each(CapSubject::User),
        period: CapPeriod::Day,
        time_zone: "UTC".into(),
        limit_nanousd: NanoUsd(LIMIT_USD * NanoUsd::PER_USD),
        steps: vec![
            CapStep::at(30, CapAction::Notify),
            CapStep::at(40, CapAction::StepDown),
            CapStep::at(60, CapAction::CloseTopTier),
            CapStep::at(80, CapAction::CacheOnly),
            CapStep::at(100, CapAction::Refuse),
        ],
        enabled: true,
        manner: weir_contract::model::cap::CapManner::default(),
    }
}

fn settings(caps: Vec<Cap>) -> Settings {
    let model = |name: &str| ModelRef {
        provider: "simulated".into(),
        model: name.into(),
    };
    let price = json!({"provider": "simulated", "model": "*", "input": "1", "output": "1"});
    let price: PriceOverride = serde_json::from_value(price).unwrap();
    let hard = json!({"name": "hard", "lowest_tier": "T2", "highest_tier": "T3", "phrases": ["hard"]});
    let best = json!({"name": "best", "lowest_tier": "T3", "highest_tier": "T3", "phrases": ["best"]});
    let rules: Vec<IntentRule> = serde_json::from_value(json!([hard, best])).unwrap();
    let provider = RunningProvider {
        config: ProviderConfig {
            name: "simulated".into(),
            protocol: ProviderProtocol::Simulated,
            base_url: String::new(),
            key: KeySource::None,
        },
        adapter: Arc::new(Simulated::default()),
        key_present: true,
        version: 0,
    };
    Settings {
        version: 1,
        cache_cleared: 0,
        app_version: String::new(),
        providers: BTreeMap::from([("simulated".into(), provider)]),
        default_provider: "simulated".into(),
        tiers: MODELS.map(|name| vec![model(name)]),
        abilities: BTreeMap::new(),
        embedding_model: None,
        intents: Arc::new(IntentDetector::compile(rules).unwrap()),
        caps,
        limits: Vec::new(),
        rollouts: Vec::new(),
        prices: Arc::new(PriceBook::new(&[price]).unwrap()),
        timeouts: Timeouts {
            first_byte: Duration::from_secs(5),
            idle: Duration::from_secs(5),
            read_on: Duration::from_millis(300),
        },
        semantic: Vec::new(),
        keep_bodies: false,
    }
}

struct Stage {
    engine: Arc<Engine>,
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn with(caps: Vec<Cap>) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let store = weir_store_sqlite::open(&folder.path().join("weir.db"))
            .await
            .unwrap();
        let engine = Engine::new(
            "gateway-1".into(),
            Arc::new(store.clone()) as Arc<dyn Store>,
            Arc::new(ManualClock::at_ms(NOW_MS)),
            Arc::new(Counting(AtomicU64::new(1))),
            settings(caps),
            1 << 20,
        );
        Stage {
            engine,
            store,
            _folder: folder,
        }
    }

    /// Another gateway spends so many percent of a user's limit.
    async fn spend(&self, user: &str, percent: i64) {
        let amount = NanoUsd(LIMIT_USD * NanoUsd::PER_USD / 100 * percent);
        let key = LeaseKey {
            cap: ledger_key("per-user", CapSubject::User, user),
            period_start_ms: DAY_START_MS,
            lease_id: "another".into(),
        };
        let granted = self
            .store
            .acquire_lease(LeaseRequest {
                key: key.clone(),
                gateway_id: "another".into(),
                limit_nanousd: NanoUsd(i64::MAX),
                need_nanousd: amount,
                want_nanousd: amount,
                now_ms: NOW_MS,
                counted: CountedStarts::only(DAY_START_MS),
            })
            .await
            .unwrap();
        assert_eq!(granted, amount);
        let id = format!("{user}-{percent}");
        let call = call(user, "elsewhere", "auto");
        let clock = Arc::new(ManualClock::at_ms(NOW_MS));
        let mut record = pipeline::Journal::open(clock, id.clone(), &call).close();
        record.settlements = vec![Settlement {
            reservation_id: format!("{id}-1"),
            amount_nanousd: amount,
            settled: true,
            leases: vec![key],
        }];
        self.store.record(record).await.unwrap();
    }

    async fn ask(&self, user: &str, text: &str) -> Result<ReplyFacts, Refusal> {
        self.ask_for(user, text, "auto").await
    }
    async fn ask_for(&self, user: &str, text: &str, model: &str) -> Result<ReplyFacts, Refusal> {
        let reply = pipeline::serve(&self.engine, call(user, text, model)).await?;
        Ok(reply.facts)
    }
    async fn tier(&self, user: &str, text: &str) -> Option<Tier> {
        self.ask(user, text).await.unwrap().tier
    }
    /// The steps that the trace of a request tells of.
    async fn steps(&self, request_id: &str) -> Vec<String> {
        let detail = self.store.get_request(request_id).await.unwrap().unwrap();
        let of_caps = detail.trace.into_iter().filter(|step| step.stage == "cap");
        of_caps.map(|step| step.facts[0].1.clone()).collect()
    }
}

fn call(user: &str, text: &str, model: &str) -> Call {
    let body: Value = json!({
        "model": model, "max_tokens": 20, "messages": [{"role": "user", "content": text}],
    });
    Call {
        protocol: ClientProtocol::ChatCompletions,
        body_text: body.to_string().into(),
        chat: Some(Arc::new(
            parse_chat(ClientProtocol::ChatCompletions, &body).unwrap(),
        )),
        body: Arc::new(body),
        model: model.into(),
        stream: false,
        key: VirtualKey {
            id: "key1".into(),
            name: "test".into(),
            team: String::new(),
            last_four: "1234".into(),
            created_ms: 0,
            revoked_ms: None,
            last_used_ms: None,
            ..VirtualKey::default()
        },
        client_ip: None,
        passed_headers: Default::default(),
        wishes: Wishes {
            user: user.into(),
            simulate: Some("instant".into()),
            ..Wishes::default()
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_acts_on_its_user_alone_and_is_told_in_the_trace() {
    let stage = Stage::with(vec![per_user()]).await;
    let first = stage.ask("ana", "hard one").await.unwrap();
    assert_eq!(first.tier, Some(Tier::T2));
    assert!(stage.steps(&first.request_id).await.is_empty());

    stage.spend("ana", 45).await;
    let second = stage.ask("ana", "hard two").await.unwrap();
    assert_eq!(second.tier, Some(Tier::T1));
    assert_eq!(stage.steps(&second.request_id).await, ["notify", "step_down"]);
    assert_eq!(
        stage.tier("bob", "hard three").await,
        Some(Tier::T2),
        "bob spent nothing"
    );

    // What was bought at the full ladder is still there for ana; what she got lower down is not good enough for bob.
    let again = stage.ask("ana", "hard one").await.unwrap();
    assert_eq!(
        (again.tier, again.cost_nanousd),
        (Some(Tier::T2), Some(NanoUsd::ZERO))
    );
    assert_eq!(stage.tier("bob", "hard two").await, Some(Tier::T2));
    // Two identical calls of ana on the lower ladder are one purchase.
    stage.ask("ana", "hard four").await.unwrap();
    let from_cache = stage.ask("ana", "hard four").await.unwrap();
    assert_eq!(
        (from_cache.tier, from_cache.cost_nanousd),
        (Some(Tier::T1), Some(NanoUsd::ZERO))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_top_tier_closes_then_only_the_cache_answers_then_nothing() {
    let stage = Stage::with(vec![per_user()]).await;
    stage.spend("ana", 65).await;
    let refusal = stage
        .ask_for("ana", "by name", "simulated/sim-large")
        .await
        .unwrap_err();
    assert_eq!(refusal.code, RefusalCode::CapReached);
    for part in [
        "\"per-user\" (user \"ana\")",
        "10000",
        "60 %",
        "6500",
        "top tier is closed",
        "2026-09-22 00:00 UTC",
    ] {
        assert!(refusal.message.contains(part), "{part}: {}", refusal.message);
    }
    let to_midnight = (DAY_START_MS + DAY_MS - NOW_MS).unsigned_abs().div_ceil(1_000);
    assert_eq!(refusal.retry_after_seconds, Some(to_midnight));
    // The step down at 40 % makes room for what was T3 alone.
    assert_eq!(stage.tier("ana", "the best one").await, Some(Tier::T2));
    assert_eq!(
        stage
            .ask_for("ana", "lower", "simulated/sim-mini")
            .await
            .unwrap()
            .tier,
        Some(Tier::T1)
    );

    stage.spend("ana", 20).await;
    let refusal = stage.ask("ana", "the best two").await.unwrap_err();
    assert!(
        refusal.message.contains("only cached answers"),
        "{}",
        refusal.message
    );
    assert_eq!(refusal.retry_after_seconds, Some(to_midnight));
    let steps = stage.steps(&refusal.facts.request_id).await;
    assert_eq!(steps, ["notify", "step_down", "close_top_tier", "cache_only"]);
    // What she was given on the lower ladder is looked for there only; what all may have is served.
    assert_eq!(stage.tier("bob", "the best three").await, Some(Tier::T3));
    assert_eq!(stage.tier("ana", "the best three").await, Some(Tier::T3));

    // Nameless calls share a budget of their own, and bob has his.
    assert_eq!(stage.tier("", "the best four").await, Some(Tier::T3));
    assert_eq!(stage.store.check_ledger().await.unwrap(), vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_of_a_chain_names_the_cap_and_the_user() {
    let mut all = per_user();
    (all.name, all.scope) = ("global-daily".into(), CapScope::Global);
    let mut each = per_user();
    each.steps = CapStep::tell_and_refuse(80);
    let stage = Stage::with(vec![all, each]).await;
    stage.spend("ana", 100).await;
    let refusal = stage.ask("ana", "hard").await.unwrap_err();
    for part in [
        "\"per-user\" (user \"ana\")",
        "10000",
        "spent",
        "reserved",
        "2026-09-22 00:00 UTC",
    ] {
        assert!(refusal.message.contains(part), "{part}: {}", refusal.message);
    }
    let global = stage.store.balance("global-daily", DAY_START_MS).await.unwrap();
    assert_eq!(
        (global.spent_nanousd, global.reserved_nanousd),
        (NanoUsd::ZERO, NanoUsd::ZERO)
    );
    let reply = stage.ask("bob", "hard").await.unwrap();
    let detail = stage.store.get_request(&reply.request_id).await.unwrap().unwrap();
    let reserve = detail.trace.iter().find(|step| step.stage == "reserve").unwrap();
    assert_eq!(
        reserve.facts[0].1,
        "\"global-daily\", \"per-user\" (user \"bob\")"
    );
}
