//! Collections and searches over them: what is reused, what a change makes unusable, and whose is what.

use crate::semantic::WordCounter;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use support::{
    eventually,
    said::Said,
    stage::{Stage, configuration, options, with},
};
use weir_contract::{command::cache::CacheClear, model::cache::CacheSelector};
use weir_gateway::bootstrap::start_gateway;

async fn stage() -> Stage {
    let stage = Stage::open().await;
    stage.gateway.use_embedder(Arc::new(WordCounter("words 1")));
    stage
}

/// A call with a key, at a gateway's address.
async fn at(base: &str, key: &str, method: Method, path: &str, body: &Value) -> Said {
    let client = support::http_client();
    let request = client.request(method, format!("{base}{path}")).bearer_auth(key);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    Said::read(request.send().await.expect("the gateway answers")).await
}

async fn call(stage: &Stage, method: Method, path: &str, body: &Value) -> Said {
    at(&stage.base, &stage.key.secret, method, path, body).await
}

fn item(id: &str, text: &str, source: &str, user: &str) -> Value {
    json!({"id": id, "text": text, "source": source, "user": user, "metadata": {"page": 7}})
}

const PASSWORD: &str = "Reset the password of your account in the settings";
const INVOICE: &str = "Invoices are sent by mail each month";

async fn filled(stage: &Stage) {
    call(stage, Method::PUT, "/v1/collections/faq", &Value::Null)
        .await
        .expect(201);
    let items = json!({"items": [item("pw", PASSWORD, "wiki", "ana"), item("inv", INVOICE, "mail", "bob")]});
    let said = call(stage, Method::POST, "/v1/collections/faq/items", &items)
        .await
        .expect(200);
    assert_eq!(
        (&said.json()["kept"], &said.json()["collection"]["items"]),
        (&json!(2), &json!(2))
    );
}

fn query(text: &str) -> Value {
    json!({"collection": "faq", "query": text, "k": 3, "threshold": 0.3})
}

async fn search(stage: &Stage, text: &str) -> Said {
    call(stage, Method::POST, "/v1/search", &query(text))
        .await
        .expect(200)
}

fn complaint(said: &Said) -> String {
    let message = said.json()["error"]["message"].clone();
    message.as_str().unwrap_or_default().to_owned()
}

/// Hit or miss, as header and body say alike, and the ids found.
fn outcome(said: &Said) -> (String, Vec<String>) {
    let body = said.json();
    assert_eq!(body["cache"], said.cache(), "header and body say the same");
    let ids = body["data"].as_array().into_iter().flatten();
    let ids = ids.map(|found| found["id"].as_str().unwrap_or_default().to_owned());
    (said.cache().to_owned(), ids.collect())
}

fn is(word: &str, ids: &[&str]) -> (String, Vec<String>) {
    (word.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_search_is_paid_for_once() {
    let stage = stage().await;
    filled(&stage).await;
    let first = search(&stage, "reset password").await;
    assert_eq!(outcome(&first), is("miss", &["pw"]));
    let found = &first.json()["data"][0];
    assert_eq!(
        (&found["text"], &found["source"]),
        (&json!(PASSWORD), &json!("wiki"))
    );
    assert_eq!(found["metadata"], json!({"page": 7}));
    assert!(found["similarity"].as_f64().unwrap() > 0.3);
    assert_eq!(first.json()["collection"]["searched"], 2);
    let again = search(&stage, "  reset \n password ").await;
    assert_eq!(outcome(&again), is("hit", &["pw"]));
    assert_eq!(again.json()["data"], first.json()["data"]);
    for (name, value) in [
        ("k", json!(2)),
        ("threshold", json!(0.31)),
        ("query", json!("Reset password")),
    ] {
        let other = with(query("reset password"), json!({ name: value }));
        let said = call(&stage, Method::POST, "/v1/search", &other).await.expect(200);
        assert_eq!(said.cache(), "miss", "another {name} is another search");
    }
    let far = search(&stage, "planets with rings").await;
    assert_eq!(outcome(&far), is("miss", &[]));
    assert_eq!(
        outcome(&search(&stage, "planets with rings").await),
        is("hit", &[])
    );
    let stats = stage.get("/v1/cache/stats").await.json()["search"].clone();
    assert_eq!(
        (&stats["hits"], &stats["misses"], &stats["memory"]["vectors"]),
        (&json!(2), &json!(5), &json!(2))
    );
    assert_eq!(stage.upstream.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_makes_results_unusable_at_once_on_every_gateway() {
    let stage = stage().await;
    let url = format!("sqlite://{}", stage.folder.path().join("weir.db").display());
    let second = start_gateway(options(&configuration(&stage.upstream.origin(), ""), &url))
        .await
        .unwrap();
    second.use_embedder(Arc::new(WordCounter("words 1")));
    let there = second.status().address;
    let second_search = async || {
        let body = query("reset password");
        let said = at(&there, &stage.key.secret, Method::POST, "/v1/search", &body).await;
        outcome(&said.expect(200))
    };
    filled(&stage).await;
    assert_eq!(
        outcome(&search(&stage, "reset password").await),
        is("miss", &["pw"])
    );
    assert_eq!(
        second_search().await,
        is("hit", &["pw"]),
        "a result is every gateway's"
    );
    let more = json!({"items": [item("pw2", "password reset by phone", "wiki", "")]});
    call(&stage, Method::POST, "/v1/collections/faq/items", &more)
        .await
        .expect(200);
    assert_eq!(second_search().await, is("miss", &["pw2", "pw"]));
    let replaced = json!({"items": [item("pw2", "opening hours of our shop", "wiki", "")]});
    call(&stage, Method::POST, "/v1/collections/faq/items", &replaced)
        .await
        .expect(200);
    assert_eq!(second_search().await, is("miss", &["pw"]));
    assert_eq!(
        outcome(&search(&stage, "reset password").await),
        is("hit", &["pw"])
    );
    let gone = call(
        &stage,
        Method::DELETE,
        "/v1/collections/faq/items?source=wiki",
        &Value::Null,
    )
    .await
    .expect(200);
    assert_eq!(gone.json()["deleted"], 2);
    assert_eq!(second_search().await, is("miss", &[]));
    call(&stage, Method::DELETE, "/v1/collections/faq", &Value::Null)
        .await
        .expect(200);
    let body = query("reset password");
    let said = at(&there, &stage.key.secret, Method::POST, "/v1/search", &body)
        .await
        .expect(404);
    assert!(complaint(&said).contains("PUT /v1/collections/faq"));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_source_or_user_drops_items_results_and_memory_everywhere() {
    let stage = stage().await;
    let url = format!("sqlite://{}", stage.folder.path().join("weir.db").display());
    let second = start_gateway(options(&configuration(&stage.upstream.origin(), ""), &url))
        .await
        .unwrap();
    second.use_embedder(Arc::new(WordCounter("words 1")));
    let there = second.status().address;
    filled(&stage).await;
    let in_memory = async || {
        let said = at(
            &there,
            &stage.key.secret,
            Method::GET,
            "/v1/cache/stats",
            &Value::Null,
        )
        .await;
        said.json()["search"]["memory"]["vectors"].clone()
    };
    let body = query("reset password");
    at(&there, &stage.key.secret, Method::POST, "/v1/search", &body)
        .await
        .expect(200);
    assert_eq!(in_memory().await, 2);
    let selector = CacheSelector::User("ana".into());
    let cleared = stage
        .admin(CacheClear {
            selector,
            purge: false,
        })
        .await;
    assert_eq!((cleared.entries, cleared.collection_items), (0, 1));
    // At once for whoever searches, and out of the other's memory though nobody does.
    assert_eq!(outcome(&search(&stage, "reset password").await), is("miss", &[]));
    eventually("the other holds it no more", || async {
        (in_memory().await == 1).then_some(())
    })
    .await;
    let selector = CacheSelector::Source("mail".into());
    assert_eq!(
        stage
            .admin(CacheClear {
                selector,
                purge: false
            })
            .await
            .collection_items,
        1
    );
    let left = call(&stage, Method::GET, "/v1/collections/faq", &Value::Null)
        .await
        .expect(200);
    assert_eq!(
        (&left.json()["items"], &left.json()["text_bytes"]),
        (&json!(0), &json!(0))
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_see_their_own_collections_alone() {
    let stage = stage().await;
    filled(&stage).await;
    let (red, also_red, blue) = (
        stage.new_key("red").await,
        stage.new_key("red").await,
        stage.new_key("blue").await,
    );
    let as_key =
        async |key: &str, method, path: &str, body: &Value| at(&stage.base, key, method, path, body).await;
    as_key(&red.secret, Method::POST, "/v1/search", &query("reset password"))
        .await
        .expect(404);
    as_key(&red.secret, Method::PUT, "/v1/collections/faq", &Value::Null)
        .await
        .expect(201);
    as_key(&also_red.secret, Method::PUT, "/v1/collections/faq", &Value::Null)
        .await
        .expect(200);
    let items = json!({"items": [item("red", "reset the password", "", "")]});
    as_key(
        &also_red.secret,
        Method::POST,
        "/v1/collections/faq/items",
        &items,
    )
    .await
    .expect(200);
    let found = as_key(&red.secret, Method::POST, "/v1/search", &query("reset password"))
        .await
        .expect(200);
    assert_eq!(outcome(&found), is("miss", &["red"]));
    assert_eq!(
        outcome(&search(&stage, "reset password").await),
        is("miss", &["pw"])
    );
    let none = as_key(&blue.secret, Method::GET, "/v1/collections", &Value::Null)
        .await
        .expect(200);
    assert_eq!(none.json()["data"], json!([]));
    as_key(&blue.secret, Method::DELETE, "/v1/collections/faq", &Value::Null)
        .await
        .expect(404);
    as_key("sk-weir-nonsense", Method::GET, "/v1/collections", &Value::Null)
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_what_to_do() {
    let stage = stage().await;
    filled(&stage).await;
    let many: Vec<Value> = (0..501).map(|n| item(&n.to_string(), "x", "", "")).collect();
    let posts = [
        ("/v1/search", with(query("x"), json!({"k": 0})), 400, "1 to 100"),
        (
            "/v1/search",
            with(query("x"), json!({"threshold": 1.5})),
            400,
            "-1 to 1",
        ),
        ("/v1/search", query(" "), 400, "\"query\" is empty"),
        ("/v1/search", json!({"query": "x"}), 400, "send {\"collection\""),
        (
            "/v1/search",
            with(query("x"), json!({"collection": "a/b"})),
            400,
            "letters",
        ),
        (
            "/v1/collections/none/items",
            json!({"items": [item("a", "x", "", "")]}),
            404,
            "PUT",
        ),
        ("/v1/collections/faq/items", json!({"items": []}), 400, "1 to 500"),
        (
            "/v1/collections/faq/items",
            json!({"items": many}),
            400,
            "1 to 500",
        ),
        (
            "/v1/collections/faq/items",
            json!({"items": [item("a", " ", "", "")]}),
            400,
            "\"a\"",
        ),
        (
            "/v1/collections/faq/items",
            json!({"items": [item("a", &"x".repeat(20_000), "", "")]}),
            400,
            "split",
        ),
        (
            "/v1/collections/faq/items",
            json!({"items": [item("a", "x", "", ""), item("a", "y", "", "")]}),
            400,
            "twice",
        ),
        (
            "/v1/collections/faq/items",
            json!({"items": [{"id": "a"}]}),
            400,
            "missing field `text`",
        ),
    ];
    for (path, body, status, says) in posts {
        let said = call(&stage, Method::POST, path, &body).await.expect(status);
        assert!(complaint(&said).contains(says), "{path}: {}", complaint(&said));
    }
    for (method, path, says) in [
        (Method::DELETE, "/v1/collections/faq/items", "?id=A"),
        (Method::DELETE, "/v1/collections/faq/items?source=", "?source=S"),
        (Method::PUT, "/v1/collections/a%20b", "letters"),
    ] {
        let said = call(&stage, method, path, &Value::Null).await.expect(400);
        assert!(complaint(&said).contains(says), "{path}: {}", complaint(&said));
    }
    let left = call(&stage, Method::GET, "/v1/collections/faq", &Value::Null)
        .await
        .expect(200);
    assert_eq!(left.json()["items"], 2, "what was refused changed nothing");
    let without = Stage::open().await;
    let said = call(&without, Method::POST, "/v1/search", &query("x"))
        .await
        .expect(503);
    assert!(complaint(&said).contains("embedding_model_file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_never_meets_the_first_ones_vectors() {
    let stage = stage().await;
    filled(&stage).await;
    assert_eq!(
        outcome(&search(&stage, "reset password").await),
        is("miss", &["pw"])
    );
    stage.gateway.use_embedder(Arc::new(WordCounter("words 2")));
    // Found again once the background has worked through them; until then the answer says how many were searched.
    eventually("all items are embedded anew", || async {
        let said = search(&stage, "reset password").await;
        let collection = said.json()["collection"].clone();
        let (_, ids) = outcome(&said);
        assert!(ids.len() as i64 <= collection["searched"].as_i64().unwrap());
        (collection["searched"] == 2 && ids == ["pw"]).then_some(())
    })
    .await;
}
