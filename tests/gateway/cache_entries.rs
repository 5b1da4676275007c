//! Dropping cached answers: by applications with their key, and by admins, who can take it back.

use serde_json::{Value, json};
use support::{
    said::Said,
    stage::{Stage, chat},
};
use weir_contract::{
    command::{
        cache::{CacheClear, CacheClears, CacheList, CachePurgeClear, CacheUndoClear},
        keys::KeysCreate,
    },
    model::{
        cache::{CacheSelector, ClearState},
        key::{KeyEndpoint, KeyScopes},
    },
};

/// Asks with headers of `x-weir-`.
async fn ask(stage: &Stage, key: &str, headers: &[(&str, &str)], text: &str) -> Said {
    let mut request = stage.post_as(key, "/v1/chat/completions", &chat("fake/nano", text));
    for (name, value) in headers {
        request = request.header(format!("x-weir-{name}"), *value);
    }
    stage.send(request).await
}

async fn delete(stage: &Stage, key: &str, query: &str) -> Said {
    let url = format!("{}/v1/cache/entries{query}", stage.base);
    stage.send(stage.client.delete(url).bearer_auth(key)).await
}

/// Whether an answer would be served, without buying one.
async fn is_hit(stage: &Stage, key: &str, text: &str) -> bool {
    ask(stage, key, &[("cache", "only")], text).await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_drops_what_it_made_from_a_source() {
    let stage = Stage::open().await;
    let (red, blue) = (stage.new_key("red").await, stage.new_key("blue").await);
    let (red, blue) = (red.secret.as_str(), blue.secret.as_str());
    for key in [red, blue] {
        ask(&stage, key, &[("source", "note-7, wiki")], "seven")
            .await
            .expect(200);
        ask(&stage, key, &[("source", "note-8"), ("user", "ana")], "eight")
            .await
            .expect(200);
        assert!(is_hit(&stage, key, "seven").await && is_hit(&stage, key, "eight").await);
    }
    let gone = delete(&stage, red, "?source=note-7").await.expect(200).json();
    assert_eq!(
        (gone["entries"].as_i64(), gone["purged"].as_bool()),
        (Some(1), Some(false))
    );
    assert!(gone["undo_until_ms"].as_i64().unwrap() > 0, "{gone}");
    assert!(!is_hit(&stage, red, "seven").await, "gone at once");
    assert!(is_hit(&stage, red, "eight").await, "the other source stays");
    assert!(
        is_hit(&stage, blue, "seven").await,
        "another team's answers are its own"
    );
    let again = delete(&stage, red, "?source=note-7").await.expect(200).json();
    assert_eq!(again["entries"], 0);

    // An admin sees it and can take it back.
    let clears = stage.admin(CacheClears { limit: 10 }).await;
    assert_eq!(clears.len(), 2);
    let clear = &clears[1];
    assert_eq!((clear.id, clear.entries), (gone["id"].as_i64().unwrap(), 1));
    assert!(clear.who.starts_with("gateway:key:"), "{clear:?}");
    assert!(clear.what.contains("note-7"), "{clear:?}");
    stage.admin(CacheUndoClear { id: clear.id }).await;
    assert!(is_hit(&stage, red, "seven").await);

    let user = delete(&stage, blue, "?user=ana&purge=true")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (user["entries"].as_i64(), user["undo_until_ms"].is_null()),
        (Some(1), true)
    );
    assert!(!is_hit(&stage, blue, "eight").await && is_hit(&stage, red, "eight").await);
    let newest = stage.admin(CacheClears { limit: 1 }).await.remove(0);
    assert_eq!(newest.state, ClearState::Purged);
    assert!(!newest.what.contains("ana"), "people are not named: {newest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_goes_by_its_key_and_only_for_its_owner() {
    let stage = Stage::open().await;
    let alone = stage.new_key("").await.secret;
    ask(&stage, &stage.key.secret, &[], "mine").await.expect(200);
    let all = CacheList {
        selector: CacheSelector::All,
        cursor: None,
        limit: 10,
    };
    let entry = stage.admin(all).await.rows.remove(0).key;
    let of_another = delete(&stage, &alone, &format!("?key={entry}")).await.expect(200);
    assert_eq!(
        of_another.json()["entries"],
        0,
        "keys of no team have nothing in common"
    );
    assert!(is_hit(&stage, &stage.key.secret, "mine").await);
    let own = delete(&stage, &stage.key.secret, &format!("?key={entry}"))
        .await
        .expect(200);
    assert_eq!(own.json()["entries"], 1);
    assert!(!is_hit(&stage, &stage.key.secret, "mine").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_drops_nothing() {
    let stage = Stage::open().await;
    let key = stage.key.secret.as_str();
    ask(&stage, key, &[("source", "a")], "kept").await.expect(200);
    for query in [
        "",
        "?source=",
        "?source=a&user=b",
        "?sources=a",
        "?source=a&purge=maybe",
        "?all=true",
    ] {
        let said = delete(&stage, key, query).await.expect(400);
        assert!(said.body.contains("?source="), "{query}: {}", said.body);
    }
    delete(&stage, "sk-weir-nobody", "?source=a").await.expect(401);
    let reader = stage
        .admin(KeysCreate {
            name: "reads".into(),
            scopes: KeyScopes {
                endpoints: vec![KeyEndpoint::Listings],
                ..KeyScopes::default()
            },
            ..KeysCreate::default()
        })
        .await;
    delete(&stage, &reader.secret, "?source=a").await.expect(403);
    let page = stage
        .client
        .delete(format!("{}/v1/cache/entries?source=a", stage.base))
        .bearer_auth(key)
        .header("origin", "https://evil.example");
    stage.send(page).await.expect(403);
    assert!(is_hit(&stage, key, "kept").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clear_is_undone_and_says_how_far_it_got() {
    let stage = Stage::open().await;
    let key = stage.key.secret.as_str();
    for text in ["one", "two"] {
        ask(&stage, key, &[], text).await.expect(200);
    }
    let cleared = stage
        .admin(CacheClear {
            selector: CacheSelector::All,
            purge: false,
        })
        .await;
    assert_eq!(cleared.entries, 2);
    assert!(!is_hit(&stage, key, "one").await);
    support::eventually("the gateway has said that it followed", || async {
        let row = stage.admin(CacheClears { limit: 1 }).await.remove(0);
        ((row.confirmed, row.gateways) == (1, 1)).then_some(())
    })
    .await;
    // Bought anew meanwhile: that stays.
    ask(&stage, key, &[], "one").await.expect(200);
    assert_eq!(stage.upstream.calls(), 3);
    let back = stage.admin(CacheUndoClear { id: cleared.id }).await;
    assert_eq!(back.entries, 1);
    for text in ["one", "two"] {
        assert_eq!(ask(&stage, key, &[], text).await.expect(200).cache(), "response");
    }
    let call =
        async |name: &str, arguments: Value| weir_admin::call(stage.gateway.admin(), name, arguments).await;
    let twice = call("cache.undo_clear", json!({"id": cleared.id}))
        .await
        .unwrap_err();
    assert!(twice.message.contains("undone already"), "{}", twice.message);
    let unknown = call("cache.undo_clear", json!({"id": 99})).await.unwrap_err();
    assert!(unknown.message.contains("no clear 99"), "{}", unknown.message);
    // By script as before: without saying anything of a purge.
    let scripted = call("cache.clear", json!({"selector": {"kind": "all"}}))
        .await
        .unwrap();
    assert_eq!(scripted["entries"], 2);
    let id = scripted["id"].as_i64().unwrap();
    assert_eq!(stage.admin(CachePurgeClear { id }).await.entries, 2);
    let late = call("cache.undo_clear", json!({"id": id})).await.unwrap_err();
    assert!(
        late.message.contains("cannot be undone any more"),
        "{}",
        late.message
    );
}
