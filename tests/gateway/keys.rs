//! Virtual keys at the door: scopes, an end, rotation with overlap, own limits and caps.

use serde_json::json;
use support::{
    eventually,
    stage::{Stage, chat, message},
};
use weir_contract::{
    NanoUsd,
    command::keys::{KeysCreate, KeysEndOverlap, KeysList, KeysRevoke, KeysRotate, KeysUpdate, NewKeyCap},
    model::{
        cap::CapPeriod,
        key::{KeyEndpoint, KeyLimit, KeyScopes},
        tier::Tier,
    },
};

async fn key_with(stage: &Stage, scopes: KeyScopes) -> String {
    let create = KeysCreate {
        name: "scoped".into(),
        scopes,
        ..KeysCreate::default()
    };
    stage.admin(create).await.secret
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_listings_may_not_call_and_is_told_why() {
    let stage = Stage::open().await;
    let reader = key_with(
        &stage,
        KeyScopes {
            endpoints: vec![KeyEndpoint::Listings],
            ..KeyScopes::default()
        },
    )
    .await;
    for (path, body) in [
        ("/v1/chat/completions", chat("fake/nano", "hi")),
        ("/v1/messages", message("claude/c", "hi")),
        ("/v1/embeddings", json!({"model": "fake/embed", "input": "hi"})),
    ] {
        let refused = stage.send(stage.post_as(&reader, path, &body)).await.expect(403);
        let text = refused.body.clone();
        assert!(text.contains("endpoints") && text.contains("listings"), "{text}");
    }
    assert_eq!(stage.upstream.calls(), 0);
    let models = stage
        .client
        .get(format!("{}/v1/models", stage.base))
        .bearer_auth(&reader);
    stage.send(models).await.expect(200);
    let caller = key_with(
        &stage,
        KeyScopes {
            endpoints: vec![KeyEndpoint::ChatCompletions],
            ..KeyScopes::default()
        },
    )
    .await;
    let models = stage
        .client
        .get(format!("{}/v1/models", stage.base))
        .bearer_auth(&caller);
    let refused = stage.send(models).await.expect(403);
    assert!(refused.body.contains("listings"), "{refused:#?}");
    stage
        .send(stage.post_as(&caller, "/v1/chat/completions", &chat("fake/nano", "hi")))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_tiers_bound_what_is_bought_and_what_the_cache_gives() {
    let stage = Stage::open().await;
    let create = |name: &str, scopes: KeyScopes| KeysCreate {
        name: name.into(),
        team: "red".into(),
        scopes,
        ..KeysCreate::default()
    };
    let open = stage.admin(create("open", KeyScopes::default())).await.secret;
    let low = KeyScopes {
        tiers: vec![Tier::T1],
        ..KeyScopes::default()
    };
    let low = stage.admin(create("low", low)).await.secret;
    let ask = |key: &str, model: &str, text: &str| {
        stage.send(stage.post_as(key, "/v1/chat/completions", &chat(model, text)))
    };
    let refused = ask(&low, "fake/large", "hello").await.expect(403);
    let text = refused.body.clone();
    for part in ["tiers", "T3", "T1", "key_scope_missing"] {
        assert!(text.contains(part), "{text}");
    }
    let bought = ask(&open, "auto", "hello").await.expect(200);
    assert_eq!(bought.header("x-weir-model"), "fake/nano");
    assert_eq!(ask(&open, "auto", "hello").await.expect(200).cache(), "response");
    // The same team's answer is of a model that this key may not use.
    let own = ask(&low, "auto", "hello").await.expect(200);
    assert_eq!((own.cache(), own.header("x-weir-model")), ("miss", "fake/mini"));
    assert_eq!(ask(&low, "auto", "hello").await.expect(200).cache(), "response");
    let listed = stage
        .client
        .get(format!("{}/v1/models", stage.base))
        .bearer_auth(&low);
    let listed = stage.send(listed).await.expect(200).body;
    assert!(
        listed.contains("fake/mini") && !listed.contains("fake/large"),
        "{listed}"
    );

    let model = key_with(
        &stage,
        KeyScopes {
            models: vec!["fake/standard".into()],
            ..KeyScopes::default()
        },
    )
    .await;
    let named = ask(&model, "fake/nano", "x").await.expect(403);
    assert!(named.body.contains("models"), "{named:#?}");
    let intent = key_with(
        &stage,
        KeyScopes {
            intents: vec!["faq".into()],
            ..KeyScopes::default()
        },
    )
    .await;
    let request = stage
        .post_as(&intent, "/v1/chat/completions", &chat("fake/nano", "x"))
        .header("x-weir-intent", "other");
    let refused = stage.send(request).await.expect(403);
    assert!(refused.body.contains("intents"), "{refused:#?}");
    let row = stage
        .row_where("the refusal", |row| row.error == "key_scope_missing")
        .await;
    assert_eq!(row.cost_nanousd, NanoUsd::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_secret_works_for_its_overlap_and_the_new_one_at_once() {
    let stage = Stage::open().await;
    let created = stage.new_key("").await;
    let id = created.key.id.clone();
    let status = async |secret: &str| {
        let request = stage.post_as(secret, "/v1/chat/completions", &chat("fake/nano", "hi"));
        stage.send(request).await.status
    };
    assert_eq!(status(&created.secret).await, 200);
    let rotate = |overlap_seconds| KeysRotate {
        id: id.clone(),
        overlap_seconds,
    };
    let second = stage.admin(rotate(3_600)).await;
    assert_eq!(
        (status(&created.secret).await, status(&second.secret).await),
        (200, 200)
    );
    stage.admin(KeysEndOverlap { id: id.clone() }).await;
    assert_eq!(
        (status(&created.secret).await, status(&second.secret).await),
        (401, 200)
    );
    let third = stage.admin(rotate(0)).await;
    let request = stage.post_as(&second.secret, "/v1/chat/completions", &chat("fake/nano", "hi"));
    let refused = stage.send(request).await.expect(401);
    assert!(refused.body.contains("rotated"), "{refused:#?}");
    assert_eq!(status(&third.secret).await, 200);
    stage.admin(KeysRevoke { id }).await;
    assert_eq!(status(&third.secret).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_when_it_said_and_works_again_with_a_later_end() {
    let stage = Stage::open().await;
    let soon_ms = stage.gateway.admin().clock.now_ms() + 2_000;
    let created = stage
        .admin(KeysCreate {
            name: "short".into(),
            expires_ms: Some(soon_ms),
            ..KeysCreate::default()
        })
        .await;
    let ask = || stage.send(stage.post_as(&created.secret, "/v1/chat/completions", &chat("fake/nano", "hi")));
    let refused = eventually("the key has ended", || async {
        let said = ask().await;
        (said.status == 401).then_some(said)
    })
    .await;
    assert!(refused.body.contains("expired on 20"), "{refused:#?}");
    let key = created.key.clone();
    stage
        .admin(KeysUpdate {
            id: key.id,
            expected_version: key.version,
            name: key.name,
            owner: key.owner,
            team: key.team,
            scopes: key.scopes,
            expires_ms: None,
            limit: None,
        })
        .await;
    ask().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_limit_and_cap() {
    let stage = Stage::open().await;
    let created = stage
        .admin(KeysCreate {
            name: "held".into(),
            limit: Some(KeyLimit {
                max_requests: 3,
                window_seconds: 600,
            }),
            cap: Some(NewKeyCap {
                // An answer of 50 tokens of the dearest class on the top tier costs more; one of nano less.
                limit_nanousd: NanoUsd(1_500_000),
                period: CapPeriod::Day,
                time_zone: "UTC".into(),
            }),
            ..KeysCreate::default()
        })
        .await;
    let ask = |model: &str, text: &str| {
        stage.send(stage.post_as(&created.secret, "/v1/chat/completions", &chat(model, text)))
    };
    let first = ask("fake/nano", "one").await.expect(200);
    assert_eq!(
        (
            first.header("x-ratelimit-limit"),
            first.header("x-ratelimit-remaining")
        ),
        ("3", "2")
    );
    let dear = ask("fake/large", "two").await.expect(429);
    assert!(
        dear.body.contains(&format!("key-{}", created.key.id)),
        "{dear:#?}"
    );
    ask("fake/nano", "three").await.expect(200);
    let over = ask("fake/nano", "four").await.expect(429);
    assert!(over.body.contains("key-own-limit"), "{over:#?}");
    assert!(over.header("retry-after").parse::<u64>().unwrap() <= 601);
    // Other keys are not held.
    stage.ask("fake/large", "five").await.expect(200);
    let listed = stage.admin(KeysList {}).await;
    let state = listed
        .iter()
        .find(|state| state.key.id == created.key.id)
        .unwrap();
    assert_eq!(state.caps.len(), 1);
    assert!(state.caps[0].spent_nanousd > NanoUsd::ZERO);
}
