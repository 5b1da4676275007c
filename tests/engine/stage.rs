//! An engine over a fresh database, a clock that stands still, and a provider that is told how to answer.

use crate::flaky::Flaky;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use weir_contract::{
    NanoUsd,
    model::{
        cap::{Cap, CapPeriod, CapScope, CapStep},
        catalog::{KeySource, ProviderConfig, ProviderProtocol},
        key::VirtualKey,
        usage::TokenUsage,
    },
};
use weir_engine::{
    call::{Call, Refusal, Reply, Wishes},
    clock::ManualClock,
    engine::{Engine, Random},
    intent::{IntentDetector, default_rules},
    pipeline,
    price::{overrides::PriceOverride, table::PriceBook},
    protocol::parse_chat,
    provider::{
        Provider, StreamPiece, UpstreamAnswer, UpstreamCall, UpstreamError, UpstreamErrorKind, WholeAnswer,
        failure::failure,
    },
    request::{Answer, ClientProtocol, Delta, Finish, Part},
    settings::{ModelRef, RunningProvider, Settings, Timeouts},
    store::Store,
};
use weir_store_sqlite::SqliteStore;

/// 2026-09-21 13:46:40 UTC.
pub(crate) const NOW_MS: i64 = 1_790_000_800_000;
pub(crate) const DAY_START_MS: i64 = NOW_MS - NOW_MS % 86_400_000;

/// How the provider answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Play {
    /// A whole answer after this many milliseconds.
    Answer {
        after_ms: u64,
    },
    /// A stream of this many pieces with this pause before each.
    Pieces {
        count: usize,
        pause_ms: u64,
    },
    Fail(UpstreamErrorKind, Option<u16>),
}

pub(crate) struct Fake {
    pub(crate) play: Mutex<Play>,
    pub(crate) calls: AtomicUsize,
    /// What the next answers are said to have used; [`USED`] when it is empty.
    pub(crate) uses: Mutex<VecDeque<TokenUsage>>,
    /// Answers wait while it is false.
    pub(crate) gate: tokio::sync::watch::Sender<bool>,
}

/// What one answer is said to have used.
pub(crate) const USED: TokenUsage = TokenUsage {
    input: 10,
    cache_read: 0,
    cache_write: 0,
    output: 20,
    reasoning: 0,
};
/// And what that costs at one dollar per million tokens of every kind.
pub(crate) const COST: NanoUsd = NanoUsd(30_000);

#[async_trait]
impl Provider for Fake {
    fn speaks(&self, _protocol: ClientProtocol) -> bool {
        false
    }
    async fn call(&self, _call: UpstreamCall) -> Result<UpstreamAnswer, UpstreamError> {
        let used = self.uses.lock().unwrap().pop_front().unwrap_or(USED);
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut gate = self.gate.subscribe();
        gate.wait_for(|is_open| *is_open).await.unwrap();
        let play = *self.play.lock().unwrap();
        match play {
            Play::Answer { after_ms } => {
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                let answer = Answer {
                    id: "a".into(),
                    model: "m".into(),
                    parts: vec![Part::Text { text: "hello".into() }],
                    finish: Finish::Stop,
                    usage: Some(used.into()),
                };
                Ok(UpstreamAnswer::Whole(WholeAnswer { raw: None, answer }))
            }
            Play::Pieces { count, pause_ms } => Ok(UpstreamAnswer::Stream(pieces(count, pause_ms))),
            Play::Fail(kind, status) => Err(UpstreamError {
                status,
                ..failure(kind, "told to fail")
            }),
        }
    }
    async fn models(&self) -> Result<Vec<String>, UpstreamError> {
        Ok(Vec::new())
    }
}

fn pieces(count: usize, pause_ms: u64) -> stream::BoxStream<'static, Result<StreamPiece, UpstreamError>> {
    let text = (0..count).map(|number| StreamPiece {
        deltas: vec![Delta::Text(format!("piece {number} "))],
        ..StreamPiece::default()
    });
    let last = StreamPiece {
        deltas: vec![Delta::Usage(USED.into()), Delta::Finish(Finish::Stop)],
        done: true,
        ..StreamPiece::default()
    };
    stream::iter(text.chain([last]))
        .then(move |piece| async move {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            Ok(piece)
        })
        .boxed()
}

struct Counting(AtomicU64);
impl Random for Counting {
    fn next_u64(&self) -> u64 {
        self.0
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

pub(crate) struct Stage {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: SqliteStore,
    pub(crate) flaky: Arc<Flaky>,
    pub(crate) fake: Arc<Fake>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn new(limit: NanoUsd) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let store = weir_store_sqlite::open(&folder.path().join("weir.db"))
            .await
            .unwrap();
        let fake = Arc::new(Fake {
            play: Mutex::new(Play::Answer { after_ms: 0 }),
            calls: AtomicUsize::new(0),
            uses: Mutex::default(),
            gate: tokio::sync::watch::channel(true).0,
        });
        let flaky = Arc::new(Flaky {
            inner: store.clone(),
            refuses_records: AtomicBool::new(false),
            is_away: AtomicBool::new(false),
        });
        let engine = Engine::new(
            "gateway-1".into(),
            flaky.clone() as Arc<dyn Store>,
            Arc::new(ManualClock::at_ms(NOW_MS)),
            Arc::new(Counting(AtomicU64::new(1))),
            settings(&fake, limit),
            1 << 20,
        );
        Stage {
            engine,
            store,
            flaky,
            fake,
            _folder: folder,
        }
    }

    pub(crate) fn set_limit(&self, limit: NanoUsd) {
        self.engine.apply(settings(&self.fake, limit));
    }
    /// These in place of the daily cap.
    pub(crate) fn set_caps(&self, caps: Vec<Cap>) {
        let first = settings(&self.fake, NanoUsd(1));
        self.engine.apply(Settings { caps, ..first });
    }
    pub(crate) fn play(&self, play: Play) {
        *self.fake.play.lock().unwrap() = play;
    }
    pub(crate) fn calls(&self) -> usize {
        self.fake.calls.load(Ordering::SeqCst)
    }
    pub(crate) async fn serve(&self, call: Call) -> Result<Reply, Refusal> {
        pipeline::serve(&self.engine, call).await
    }
}

pub(crate) fn daily(limit: NanoUsd) -> Cap {
    Cap {
        name: "daily".into(),
        scope: CapScope::Global,
        period: CapPeriod::Day,
        time_zone: "UTC".into(),
        limit_nanousd: limit,
        steps: CapStep::tell_and_refuse(80),
        enabled: true,
        manner: weir_contract::model::cap::CapManner::default(),
    }
}

fn settings(fake: &Arc<Fake>, limit: NanoUsd) -> Settings {
    let price = PriceOverride {
        provider: "fake".into(),
        model: "*".into(),
        input: "1".into(),
        cache_read: None,
        cache_write: None,
        cache_write_long: None,
        output: "1".into(),
        reasoning: None,
        context_tokens: None,
    };
    let provider = RunningProvider {
        config: ProviderConfig {
            name: "fake".into(),
            protocol: ProviderProtocol::Openai,
            base_url: String::new(),
            key: KeySource::None,
        },
        adapter: fake.clone(),
        key_present: true,
        version: 0,
    };
    let model = ModelRef {
        provider: "fake".into(),
        model: "m".into(),
    };
    Settings {
        version: 1,
        cache_cleared: 0,
        app_version: String::new(),
        providers: BTreeMap::from([("fake".into(), provider)]),
        default_provider: "fake".into(),
        tiers: [vec![model], vec![], vec![], vec![]],
        abilities: BTreeMap::new(),
        embedding_model: None,
        intents: Arc::new(IntentDetector::compile(default_rules()).unwrap()),
        caps: vec![daily(limit)],
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

/// A chat call that costs at most its own bytes and 100 output tokens.
pub(crate) fn call(text: &str, stream: bool) -> Call {
    let body: Value = json!({
        "model": "fake/m", "max_tokens": 100, "stream": stream,
        "messages": [{"role": "user", "content": text}],
    });
    Call {
        protocol: ClientProtocol::ChatCompletions,
        body_text: Bytes::from(body.to_string()),
        chat: Some(Arc::new(
            parse_chat(ClientProtocol::ChatCompletions, &body).unwrap(),
        )),
        body: Arc::new(body),
        model: "fake/m".into(),
        stream,
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
        passed_headers: reqwest::header::HeaderMap::new(),
        wishes: Wishes::default(),
    }
}
