//! Collections of many gateways: what one keeps all find, and what one deletes nobody finds, though its result was kept.

use crate::fleet::Fleet;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use support::said::Said;

const GATEWAYS: usize = 4;
/// What was deleted has left the memory of every gateway after this long.
pub(crate) const GONE_AFTER: Duration = Duration::from_secs(2);
/// An embedder that all gateways share: vectors are made of words.
pub(crate) const EMBEDDER: &str = "[embedder]\nprovider = \"fake\"\nmodel = \"words\"\ndims = 512\n\
    [[prices]]\nprovider = \"fake\"\nmodel = \"words\"\ninput = \"1\"\noutput = \"0\"\n";

impl Fleet {
    /// A call of a collection's at one gateway.
    pub(crate) async fn collections(&self, gateway: usize, method: Method, path: &str, body: &Value) -> Said {
        let url = format!("{}/v1/{path}", self.gateways[gateway].base);
        let request = self.client.request(method, url).bearer_auth(&self.key);
        let request = if body.is_null() {
            request
        } else {
            request.json(body)
        };
        Said::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn put_items(&self, gateway: usize, items: &[Value]) {
        let path = "collections/faq/items";
        self.collections(gateway, Method::POST, path, &json!({ "items": items }))
            .await
            .expect(200);
    }

    /// How many items went by what the query string says.
    pub(crate) async fn delete_items(&self, gateway: usize, which: &str) -> Value {
        let path = format!("collections/faq/items?{which}");
        let said = self.collections(gateway, Method::DELETE, &path, &Value::Null);
        said.await.expect(200).json()["deleted"].clone()
    }

    /// The items that are near a text.
    pub(crate) async fn search(&self, gateway: usize, query: &str) -> Said {
        let body = json!({"collection": "faq", "query": query, "k": 100, "threshold": 0.75});
        self.collections(gateway, Method::POST, "search", &body)
            .await
            .expect(200)
    }

    /// Waits until every gateway holds so many vectors and says how long that took, but not longer than it may.
    pub(crate) async fn all_hold(&self, vectors: usize) -> Duration {
        let since = Instant::now();
        for gateway in 0..self.gateways.len() {
            loop {
                let stats = self.collections(gateway, Method::GET, "cache/stats", &Value::Null);
                let held = stats.await.expect(200).json()["search"]["memory"]["vectors"].clone();
                if held == vectors {
                    break;
                }
                assert!(
                    since.elapsed() < GONE_AFTER,
                    "{gateway} holds {held} instead of {vectors} vectors"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        since.elapsed()
    }
}

fn item(id: &str, text: &str, source: &str, user: &str) -> Value {
    json!({"id": id, "text": text, "source": source, "user": user})
}

/// The text of which each chapter's item is one.
fn text(chapter: usize) -> String {
    format!("chapter{chapter} of the manual")
}

fn ids(said: &Said) -> BTreeSet<String> {
    let found = said.json()["data"].clone();
    let found = found.as_array().unwrap().iter();
    found.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// Every gateway finds exactly these at once: the first by a search of its own, the others by its result.
async fn all_find(fleet: &Fleet, chapter: usize, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
    for gateway in 0..fleet.gateways.len() {
        let said = fleet.search(gateway, &text(chapter)).await;
        assert_eq!(ids(&said), expected, "chapter {chapter} at gateway {gateway}");
        let word = if gateway == 0 { "miss" } else { "hit" };
        assert_eq!(said.cache(), word, "chapter {chapter} at gateway {gateway}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gateway_keeps_or_deletes_all_gateways_know_at_once() {
    let mut fleet = Fleet::start(GATEWAYS, EMBEDDER).await;
    fleet
        .collections(2, Method::PUT, "collections/faq", &Value::Null)
        .await
        .expect(201);
    // A search of its own brings the collection into a gateway's memory, where it is kept up to date from then on.
    for gateway in 0..GATEWAYS {
        fleet
            .search(gateway, &format!("nothing like gateway{gateway}"))
            .await;
    }
    for gateway in 0..GATEWAYS {
        let (one, other) = (format!("{gateway}-one"), format!("{gateway}-other"));
        let source = format!("wiki {}", gateway % 2);
        let items = [
            item(&one, &text(gateway), &source, "ana"),
            item(&other, &text(gateway), "mail", &format!("bob {gateway}")),
        ];
        fleet.put_items(gateway, &items).await;
        all_find(&fleet, gateway, &[&one, &other]).await;
    }
    fleet.all_hold(2 * GATEWAYS).await;

    // Each change makes the kept results of all unusable, of what it did not touch too.
    assert_eq!(fleet.delete_items(1, "id=0-other").await, 1);
    all_find(&fleet, 0, &["0-one"]).await;
    let replaced = item("1-other", "opening hours of our shop", "mail", "bob 1");
    fleet.put_items(3, &[replaced]).await;
    all_find(&fleet, 1, &["1-one"]).await;
    assert_eq!(fleet.delete_items(2, "source=wiki+0").await, 2);
    all_find(&fleet, 0, &[]).await;
    all_find(&fleet, 2, &["2-other"]).await;
    assert_eq!(fleet.delete_items(3, "user=bob+2").await, 1);
    all_find(&fleet, 2, &[]).await;
    all_find(&fleet, 3, &["3-one", "3-other"]).await;
    fleet.all_hold(4).await;

    // A clear in the window, by a process that is no gateway.
    for (kind, value, items, left) in [
        ("user", "ana", 2, ["3-other"].as_slice()),
        ("source", "mail", 2, &[]),
    ] {
        let selector = json!({"selector": {"kind": kind, "value": value}});
        let cleared = fleet.call("cache.clear", &selector).await;
        assert_eq!(cleared["collection_items"], items, "{cleared}");
        all_find(&fleet, 3, left).await;
    }
    println!("out of all memories after {:?}", fleet.all_hold(0).await);

    let late = [item("late", &text(9), "wiki", "ana")];
    fleet.put_items(0, &late).await;
    all_find(&fleet, 9, &["late"]).await;
    let started_later = fleet.gateway().await;
    fleet.gateways.push(started_later);
    let said = fleet.search(GATEWAYS, &text(9)).await;
    assert_eq!(
        (said.cache(), ids(&said).len()),
        ("hit", 1),
        "a kept result is its own too"
    );
    let said = fleet.search(GATEWAYS, "chapter9 of this manual").await;
    assert_eq!((said.cache(), ids(&said).len()), ("miss", 1));

    fleet
        .collections(GATEWAYS, Method::DELETE, "collections/faq", &Value::Null)
        .await
        .expect(200);
    fleet.all_hold(0).await;
    assert_eq!(fleet.database.sql(LEFT), "0 0 0");
    fleet.stop().await;
}

/// Collections, items and results that the database holds.
pub(crate) const LEFT: &str = "SELECT (SELECT count(*) FROM weir.collections) || ' ' ||
    (SELECT count(*) FROM weir.collection_items) || ' ' || (SELECT count(*) FROM weir.search_results)";
