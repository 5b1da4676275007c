//! Ten gateways store and clear on one database at once: nothing that was cleared is served two seconds later.

use crate::semantic::{WordCounter, faq, rule};
use rand_draw::Draw;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use support::{
    eventually, http_client,
    postgres::TestDatabase,
    said::Said,
    stage::{admin, configuration, options},
    upstream::{Reply, Upstream},
};
use weir_contract::{
    command::{
        cache::CacheClear,
        keys::KeysCreate,
        semantic::{SemanticGet, SemanticSave},
    },
    model::{
        cache::CacheSelector,
        semantic::{SemanticMode, SemanticPolicy, SemanticRule},
    },
};
use weir_gateway::{bootstrap::start_gateway, running::RunningGateway};

/// SplitMix64, so that a failing seed can be played again.
mod rand_draw {
    pub(super) struct Draw(pub(super) u64);

    impl Draw {
        pub(super) fn below(&mut self, count: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((z ^ (z >> 31)) % count as u64).unwrap()
        }
    }
}

const GATEWAYS: usize = 10;
const TOPICS: usize = 6;
const USERS: usize = 2;
const CLEARS: u64 = 14;
/// What is cleared is gone everywhere after this long.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// Words that carry no meaning, of which each wording of a question takes others.
const FILLERS: [&str; 8] = ["please", "and", "so", "how", "should", "could", "i", "we"];

/// An answer that was served: which topic, when its call began, and which generation of answers it was from.
struct Served {
    topic: usize,
    began: Instant,
    generation: u64,
    outcome: String,
}

/// A clear that has been confirmed.
struct Cleared {
    selector: CacheSelector,
    confirmed: Instant,
    /// Answers bought after it are of this generation or a later one.
    generation: u64,
}

impl Cleared {
    fn means(&self, topic: usize) -> bool {
        match &self.selector {
            CacheSelector::Source(source) => *source == source_of(topic),
            CacheSelector::User(user) => *user == user_of(topic),
            _ => true,
        }
    }
}

fn source_of(topic: usize) -> String {
    format!("manual {topic}")
}

fn user_of(topic: usize) -> String {
    format!("user-{}", topic % USERS)
}

fn question(topic: usize, draw: &mut Draw) -> String {
    let mut words: Vec<&str> = (0..4).map(|_| FILLERS[draw.below(FILLERS.len())]).collect();
    let subject = format!("export invoices of chapter {topic}");
    words.push(&subject);
    words.join(" ")
}

struct Fleet {
    upstream: Upstream,
    gateways: Vec<RunningGateway>,
    secret: String,
    client: reqwest::Client,
}

impl Fleet {
    async fn open(url: &str) -> Fleet {
        let upstream = Upstream::start().await;
        let text = configuration(&upstream.origin(), "");
        let mut gateways = Vec::new();
        for _ in 0..GATEWAYS {
            let gateway = start_gateway(options(&text, url)).await;
            gateways.push(gateway.unwrap_or_else(|problem| panic!("{problem}")));
        }
        for gateway in &gateways {
            gateway.use_embedder(Arc::new(WordCounter("words 1")));
        }
        let save = SemanticSave {
            rule: rule(SemanticRule::ANY, SemanticMode::On, SemanticPolicy::Distance),
            expected_version: 0,
        };
        admin(&gateways[0], save).await.unwrap();
        let key = KeysCreate {
            name: "fleet".into(),
            ..KeysCreate::default()
        };
        let secret = admin(&gateways[0], key).await.unwrap().secret;
        for gateway in &gateways {
            eventually("the rule is known everywhere", || async {
                let state = admin(gateway, SemanticGet {}).await.unwrap();
                let is_on = |intent: &weir_contract::model::semantic::SemanticIntent| {
                    intent.rule.mode == SemanticMode::On
                };
                state.intents.iter().all(is_on).then_some(())
            })
            .await;
        }
        Fleet {
            upstream,
            gateways,
            secret,
            client: http_client(),
        }
    }

    async fn ask(&self, gateway: usize, topic: usize, text: &str) -> Served {
        let base = self.gateways[gateway].status().address;
        let began = Instant::now();
        let request = self
            .client
            .post(format!("{base}/v1/chat/completions"))
            .bearer_auth(&self.secret)
            .header("x-weir-source", source_of(topic))
            .header("x-weir-user", user_of(topic))
            .json(&faq(text));
        let said = Said::read(request.send().await.unwrap()).await.expect(200);
        let generation = said.text().rsplit(' ').next().unwrap().parse().unwrap();
        Served {
            topic,
            began,
            generation,
            outcome: said.cache().to_owned(),
        }
    }

    /// Clears somewhere and anyhow, after the provider has begun to answer anew.
    async fn clear(&self, generation: u64, draw: &mut Draw) -> Cleared {
        self.upstream
            .set_reply(Reply::Text(format!("This is of generation {generation}")));
        // Every third time calls are under way for longer than a clear takes to be known.
        let latency_ms = if generation.is_multiple_of(3) { 2_600 } else { 20 };
        self.upstream.set_latency(Duration::from_millis(latency_ms));
        tokio::time::sleep(Duration::from_millis(150)).await;
        let topic = draw.below(TOPICS);
        let selector = match draw.below(5) {
            0 => CacheSelector::All,
            1 => CacheSelector::Intent("faq".into()),
            2 => CacheSelector::User(user_of(topic)),
            _ => CacheSelector::Source(source_of(topic)),
        };
        let by = &self.gateways[draw.below(GATEWAYS)];
        let command = CacheClear {
            selector: selector.clone(),
            purge: false,
        };
        admin(by, command).await.unwrap();
        Cleared {
            selector,
            confirmed: Instant::now(),
            generation,
        }
    }
}

async fn nothing_cleared_comes_back(url: &str) {
    let seed = 5;
    println!("seed {seed}");
    let fleet = Fleet::open(url).await;
    let (is_over, clients) = (AtomicBool::new(false), AtomicU64::new(0));
    let served = Mutex::new(Vec::new());
    fleet
        .upstream
        .set_reply(Reply::Text("This is of generation 0".into()));
    let asking = async |gateway: usize| {
        let mut draw = Draw(seed + clients.fetch_add(1, Ordering::Relaxed));
        while !is_over.load(Ordering::Relaxed) {
            let topic = draw.below(TOPICS);
            let text = question(topic, &mut draw);
            let one = fleet.ask(gateway, topic, &text).await;
            served.lock().unwrap().push(one);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let clearing = async {
        let mut draw = Draw(seed + 1_000);
        let mut cleared = Vec::new();
        for generation in 1..=CLEARS {
            tokio::time::sleep(Duration::from_millis(400 + 100 * draw.below(16) as u64)).await;
            cleared.push(fleet.clear(generation, &mut draw).await);
        }
        tokio::time::sleep(GONE_AFTER + Duration::from_millis(1_500)).await;
        is_over.store(true, Ordering::Relaxed);
        cleared
    };
    let all_ask = futures::future::join_all((0..GATEWAYS * 2).map(|at| asking(at % GATEWAYS)));
    let (cleared, _) = tokio::join!(clearing, all_ask);
    let served = served.into_inner().unwrap();
    let stale = served.iter().filter(|one| {
        cleared.iter().any(|clear| {
            clear.means(one.topic)
                && one.began >= clear.confirmed + GONE_AFTER
                && one.generation < clear.generation
        })
    });
    let stale: Vec<_> = stale
        .map(|one| (one.topic, one.generation, &one.outcome))
        .collect();
    let hits = |outcome: &str| served.iter().filter(|one| one.outcome == outcome).count();
    println!(
        "{} asked, {} similar, {} exact, {} bought",
        served.len(),
        hits("semantic"),
        hits("response"),
        fleet.upstream.calls()
    );
    assert!(stale.is_empty(), "{} stale hits: {stale:?}", stale.len());
    assert!(hits("semantic") > 100, "only {} similar hits", hits("semantic"));
    everything_goes(fleet).await;
}

/// After a last clear nobody holds anything.
async fn everything_goes(fleet: Fleet) {
    let all = CacheClear {
        selector: CacheSelector::All,
        purge: false,
    };
    admin(&fleet.gateways[0], all).await.unwrap();
    for gateway in fleet.gateways {
        eventually("nothing is held", || async {
            (admin(&gateway, SemanticGet {}).await.unwrap().entries == 0).then_some(())
        })
        .await;
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gateways_on_sqlite_serve_nothing_that_was_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("weir.db").display());
    nothing_cleared_comes_back(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gateways_on_postgres_serve_nothing_that_was_cleared() {
    let database = TestDatabase::migrated();
    nothing_cleared_comes_back(&database.url()).await;
}
