//! `POST /v1/search` over collections of two sizes: a new question, the same question again, and the first one after a change.

use crate::{load::Target, usage::ProcessUsage};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use support::{
    draw::Draw,
    process::{Serving, command_of},
    stage::configuration,
};
use tokio::task::JoinSet;
use weir_engine::store::{CollectionBounds, CollectionStore, ItemsPut, NewItem};

const SIZES: [usize; 2] = [10_000, 100_000];
const CONCURRENCIES: [usize; 2] = [1, 16];
const EACH: Duration = Duration::from_secs(5);
/// Searches after a change; each is a change of its own.
const AFTER_CHANGES: usize = 40;
/// Items that the gateway embeds itself; all others are mixed from these.
const EMBEDDED: usize = 500;

static QUESTIONS: AtomicU64 = AtomicU64::new(0);

/// One way to search, at one size.
pub(crate) struct Searches {
    pub(crate) items: usize,
    pub(crate) what: &'static str,
    pub(crate) callers: usize,
    /// Sorted.
    pub(crate) times: Vec<Duration>,
    pub(crate) cpu_ms_each: Option<f64>,
}

/// Where the set-up puts the embedding model.
fn model() -> PathBuf {
    let named = std::env::var_os("WEIR_EMBEDDING_MODEL").map(PathBuf::from);
    let folder = || {
        let home = std::env::var_os("HOME").expect("a home folder");
        PathBuf::from(home).join(".cache/weir/models/all-minilm-l6-v2-int8.onnx")
    };
    let path = named.unwrap_or_else(folder);
    assert!(
        path.is_file(),
        "the embedding model is not at {}; run cargo xtask setup, or name it in WEIR_EMBEDDING_MODEL",
        path.display()
    );
    path
}

pub(crate) async fn measure_all(binary: &Path) -> Vec<Searches> {
    let mut measured = Vec::new();
    for items in SIZES {
        measured.extend(measure(binary, items).await);
    }
    measured
}

async fn measure(binary: &Path, items: usize) -> Vec<Searches> {
    let folder = tempfile::tempdir().expect("a folder for the database");
    // Nothing is bought, so nobody needs to answer there.
    let text = configuration("http://127.0.0.1:1", "");
    std::fs::write(folder.path().join("weir.toml"), text).unwrap();
    let path = folder.path().join("weir.db");
    let (database, model) = (format!("sqlite://{}", path.display()), model());
    let environment = [
        ("WEIR_DATABASE", database.as_str()),
        ("WEIR_LISTEN", "127.0.0.1:0"),
        ("FAKE_KEY", "secret"),
        ("WEIR_LOG", "warn"),
        ("WEIR_EMBEDDING_MODEL", model.to_str().expect("a readable path")),
    ];
    let new_key = [
        "key",
        "create",
        "--name",
        "bench",
        "--json",
        "--config",
        "weir.toml",
    ];
    let created = command_of(binary, folder.path(), &new_key, &environment).output();
    let created: Value = serde_json::from_slice(&created.await.unwrap().stdout).expect("a key");
    let serving =
        Serving::start_binary(binary, folder.path(), &["--config", "weir.toml"], &environment).await;
    let target = Arc::new(Target {
        url: format!("{}/v1", serving.base),
        key: created["key"].as_str().unwrap().to_owned(),
        model: "",
    });
    let client = support::http_client();
    let put = client
        .put(format!("{}/collections/faq", target.url))
        .bearer_auth(&target.key);
    assert_eq!(put.send().await.unwrap().status(), 201);
    let texts: Vec<Value> = (0..EMBEDDED).map(|number| item(number, &question())).collect();
    let texts = json!({ "items": texts });
    // The model is read beside the start.
    support::eventually("the embedding model is loaded", || async {
        let sent = request(&client, &target, "collections/faq/items", &texts).send();
        let sent = sent.await.expect("an answer");
        sent.status().is_success().then_some(())
    })
    .await;
    fill(&path, items).await;

    let process = ProcessUsage::of(serving.child.id().unwrap());
    let mut measured = Vec::new();
    let first = search(&client, &target, &question(), "miss").await;
    measured.push(Searches::of(
        items,
        "first, reads all vectors",
        1,
        vec![first],
        None,
    ));
    for callers in CONCURRENCIES {
        for (what, word) in [("new question", "miss"), ("kept result", "hit")] {
            let before = process.cpu_ms();
            let times = ask_on(&target, word, callers).await;
            let cpu_ms = process.cpu_ms().zip(before).map(|(after, before)| after - before);
            measured.push(Searches::of(items, what, callers, times, cpu_ms));
        }
    }
    let mut after = Vec::new();
    for _ in 0..AFTER_CHANGES {
        let replaced = json!({"items": [item(0, &question())]});
        post(&client, &target, "collections/faq/items", &replaced).await;
        after.push(search(&client, &target, &question(), "miss").await);
    }
    after.sort_unstable();
    measured.push(Searches::of(items, "first after a change", 1, after, None));
    measured
}

impl Searches {
    fn of(
        items: usize,
        what: &'static str,
        callers: usize,
        times: Vec<Duration>,
        cpu_ms: Option<u64>,
    ) -> Searches {
        Searches {
            items,
            what,
            callers,
            cpu_ms_each: cpu_ms.map(|cpu_ms| cpu_ms as f64 / times.len().max(1) as f64),
            times,
        }
    }
}

/// About 20 pieces, another one each time.
fn question() -> String {
    let number = QUESTIONS.fetch_add(1, Ordering::Relaxed);
    let cities = ["Oslo", "Lima", "Porto", "Ghent", "Kyiv", "Tunis"];
    let (from, to) = (cities[number as usize % 6], cities[number as usize / 6 % 6]);
    format!("How many days does it take to ship {number} boxes of paper from {from} to {to}?")
}

fn item(number: usize, text: &str) -> Value {
    json!({"id": number.to_string(), "text": text, "source": "bench", "metadata": {"page": number}})
}

fn request(client: &reqwest::Client, target: &Target, path: &str, body: &Value) -> reqwest::RequestBuilder {
    client
        .post(format!("{}/{path}", target.url))
        .bearer_auth(&target.key)
        .json(body)
}

async fn post(client: &reqwest::Client, target: &Target, path: &str, body: &Value) -> Value {
    let response = request(client, target, path, body)
        .send()
        .await
        .expect("an answer");
    let (status, bytes) = (response.status(), response.bytes().await.expect("all of it"));
    assert!(
        status.is_success(),
        "{status}: {}",
        String::from_utf8_lossy(&bytes)
    );
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn search(client: &reqwest::Client, target: &Target, query: &str, word: &str) -> Duration {
    let started = Instant::now();
    let wanted = json!({"collection": "faq", "query": query, "k": 5});
    let found = post(client, target, "search", &wanted).await;
    let took = started.elapsed();
    let matches = found["data"].as_array().map_or(0, Vec::len);
    assert_eq!((found["cache"].as_str(), matches), (Some(word), 5));
    took
}

/// Everybody searches again as soon as there is an answer; where results are reused, all ask the same.
async fn ask_on(target: &Arc<Target>, word: &'static str, callers: usize) -> Vec<Duration> {
    let client = Arc::new(support::http_client());
    let same = question();
    search(&client, target, &same, "miss").await;
    let until = Instant::now() + EACH;
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let (client, target, same) = (client.clone(), target.clone(), same.clone());
        asking.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let query = if word == "hit" { same.clone() } else { question() };
                times.push(search(&client, &target, &query, word).await);
            }
            times
        });
    }
    let mut times: Vec<Duration> = asking.join_all().await.into_iter().flatten().collect();
    times.sort_unstable();
    times
}

/// Mixes vectors of the embedded items into as many as are wanted, and stores them with texts of their own.
async fn fill(path: &Path, items: usize) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut hands = SqliteConnection::connect_with(&options).await.unwrap();
    let (collection, embedder): (i64, String) =
        sqlx::query_as("SELECT collection_id, embedder FROM collection_items LIMIT 1")
            .fetch_one(&mut hands)
            .await
            .unwrap();
    hands.close().await.unwrap();
    let store = weir_store_sqlite::open(path).await.unwrap();
    let (_, seqs) = store
        .item_seqs(collection, &embedder)
        .await
        .unwrap()
        .expect("the collection");
    let vectors = store.item_vectors(&seqs).await.unwrap();
    let mut draw = Draw::from(7);
    let share = |draw: &mut Draw| draw.below(1_000_000) as f32 / 1e6;
    for from in (EMBEDDED..items).step_by(500) {
        let some = (from..(from + 500).min(items)).map(|number| {
            let (one, other) = (&draw.one(&vectors).1, &draw.one(&vectors).1);
            let part = share(&mut draw);
            let mixed = one.iter().zip(other).map(|(a, b)| {
                let noise = 0.03 * (share(&mut draw) - 0.5);
                a * part + b * (1.0 - part) + noise
            });
            NewItem {
                id: number.to_string(),
                text: question(),
                source: "bench".to_owned(),
                user: String::new(),
                metadata: format!("{{\"page\":{number}}}"),
                vector: mixed.collect(),
            }
        });
        let bounds = CollectionBounds {
            items: i64::MAX,
            text_bytes: i64::MAX,
        };
        let put = store.put_items(collection, &embedder, some.collect(), bounds);
        assert_eq!(put.await.unwrap(), ItemsPut::Kept);
    }
}
