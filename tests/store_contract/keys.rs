//! Virtual keys.

use crate::sample::{Draw, START_MS, act_of, bare};
use std::sync::Arc;
use weir_contract::model::{
    key::{KeyEndpoint, KeyLimit, KeyScopes, PreviousSecret, VirtualKey},
    tier::Tier,
};
use weir_engine::{
    change::Act,
    keyring::fingerprint,
    store::{KeyRecord, Store, StoreError},
};

const SECRET: [u8; 32] = [7; 32];
const NEW_SECRET: [u8; 32] = [8; 32];

fn at(now_ms: i64) -> Act {
    act_of("ada", now_ms)
}

fn key(id: &str, created_ms: i64) -> VirtualKey {
    VirtualKey {
        id: id.to_owned(),
        version: 1,
        name: format!("name of {id}"),
        owner: "ana".to_owned(),
        team: "red".to_owned(),
        scopes: KeyScopes {
            endpoints: vec![KeyEndpoint::Messages],
            models: vec!["openai/gpt-5".to_owned()],
            tiers: vec![Tier::T1],
            intents: vec!["faq".to_owned()],
        },
        expires_ms: Some(START_MS + 1_000),
        limit: Some(KeyLimit {
            max_requests: 3,
            window_seconds: 60,
        }),
        last_four: "wxyz".to_owned(),
        fingerprint: fingerprint(&SECRET),
        created_ms,
        ..VirtualKey::default()
    }
}

async fn found(store: &Arc<dyn Store>, id: &str) -> KeyRecord {
    store.find_key(id).await.unwrap().unwrap()
}

pub(crate) async fn a_key_comes_back_with_its_hash(store: Arc<dyn Store>) {
    let mut hash = SECRET;
    hash[0] = 0;
    let first = VirtualKey {
        fingerprint: fingerprint(&hash),
        ..key("a", START_MS)
    };
    let open = VirtualKey {
        scopes: KeyScopes::default(),
        expires_ms: None,
        limit: None,
        ..key("b", START_MS + 1)
    };
    store.insert_key(&first, &hash, &at(START_MS)).await.unwrap();
    store.insert_key(&open, &SECRET, &at(START_MS)).await.unwrap();
    let expected = KeyRecord {
        key: first.clone(),
        secret_sha256: hash,
        previous_sha256: None,
    };
    assert_eq!(store.find_key("a").await.unwrap(), Some(expected));
    assert_eq!(store.find_key("c").await.unwrap(), None);
    assert_eq!(store.list_keys().await.unwrap(), vec![open, first]);
}

pub(crate) async fn an_update_changes_only_what_it_may(store: Arc<dyn Store>) {
    store
        .insert_key(&key("a", START_MS), &SECRET, &at(START_MS))
        .await
        .unwrap();
    let changed = VirtualKey {
        version: 2,
        name: "other".to_owned(),
        owner: String::new(),
        team: "blue".to_owned(),
        scopes: KeyScopes::default(),
        expires_ms: None,
        limit: None,
        ..key("a", START_MS)
    };
    let asked = VirtualKey {
        version: 1,
        last_four: "none".to_owned(),
        created_ms: 5,
        revoked_ms: Some(5),
        ..changed.clone()
    };
    assert_eq!(
        store.update_key(&asked, &at(START_MS)).await.unwrap(),
        Some(changed.clone())
    );
    assert_eq!(found(&store, "a").await.key, changed);
    assert_eq!(found(&store, "a").await.secret_sha256, SECRET);
    assert_eq!(
        store.update_key(&key("nobody", 0), &at(START_MS)).await.unwrap(),
        None
    );
    // Who read it before that change must look again.
    let late = store.update_key(&asked, &at(START_MS)).await;
    assert!(
        matches!(
            late,
            Err(StoreError::Conflict {
                expected: 1,
                found: 2
            })
        ),
        "{late:?}"
    );
    assert_eq!(found(&store, "a").await.key, changed);
}

pub(crate) async fn a_rotation_keeps_the_old_secret_for_its_overlap(store: Arc<dyn Store>) {
    store
        .insert_key(&key("a", START_MS), &SECRET, &at(START_MS))
        .await
        .unwrap();
    let rotate = |secret: [u8; 32], until_ms: i64, now_ms: i64| {
        let store = store.clone();
        async move {
            store
                .rotate_key("a", &secret, "abcd", until_ms, &at(now_ms))
                .await
        }
    };
    let rotated = rotate(NEW_SECRET, START_MS + 10, START_MS)
        .await
        .unwrap()
        .unwrap();
    let previous = PreviousSecret {
        last_four: "wxyz".to_owned(),
        fingerprint: fingerprint(&SECRET),
        until_ms: START_MS + 10,
    };
    assert_eq!(rotated.previous, Some(previous));
    assert_eq!(
        (rotated.last_four.as_str(), rotated.fingerprint),
        ("abcd", fingerprint(&NEW_SECRET))
    );
    let record = found(&store, "a").await;
    assert_eq!(
        (record.secret_sha256, record.previous_sha256),
        (NEW_SECRET, Some(SECRET))
    );

    // The old secret would stop before its time.
    let again = rotate([9; 32], START_MS + 20, START_MS + 9).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(found(&store, "a").await.secret_sha256, NEW_SECRET);
    rotate([9; 32], START_MS + 20, START_MS + 10)
        .await
        .unwrap()
        .unwrap();
    let record = found(&store, "a").await;
    assert_eq!(
        (record.secret_sha256, record.previous_sha256),
        ([9; 32], Some(NEW_SECRET))
    );

    let ended = store.end_overlap("a", &at(START_MS)).await.unwrap().unwrap();
    assert_eq!(ended.previous, None);
    assert_eq!(found(&store, "a").await.previous_sha256, None);
    assert_eq!(store.end_overlap("nobody", &at(START_MS)).await.unwrap(), None);
    store.revoke_key("a", &at(START_MS + 11)).await.unwrap();
    assert_eq!(
        rotate(SECRET, START_MS + 30, START_MS + 12).await.unwrap(),
        None,
        "revoked for good"
    );
}

pub(crate) async fn revoking_keeps_the_first_time(store: Arc<dyn Store>) {
    store
        .insert_key(&key("a", START_MS), &SECRET, &at(START_MS))
        .await
        .unwrap();
    let revoked = VirtualKey {
        revoked_ms: Some(START_MS + 5),
        ..key("a", START_MS)
    };
    assert_eq!(
        store.revoke_key("a", &at(START_MS + 5)).await.unwrap(),
        Some(revoked.clone())
    );
    assert_eq!(
        store.revoke_key("a", &at(START_MS + 9)).await.unwrap(),
        Some(revoked.clone())
    );
    assert_eq!(store.revoke_key("nobody", &at(START_MS)).await.unwrap(), None);
    assert_eq!(found(&store, "a").await.key, revoked);
}

pub(crate) async fn a_taken_id_is_a_conflict(store: Arc<dyn Store>) {
    store
        .insert_key(&key("a", START_MS), &SECRET, &at(START_MS))
        .await
        .unwrap();
    let again = store
        .insert_key(&key("a", START_MS + 1), &NEW_SECRET, &at(START_MS))
        .await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let record = found(&store, "a").await;
    assert_eq!((record.key, record.secret_sha256), (key("a", START_MS), SECRET));
}

pub(crate) async fn the_last_use_follows_the_requests(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("the_last_use_follows_the_requests");
    store
        .insert_key(&key("a", START_MS), &SECRET, &at(START_MS))
        .await
        .unwrap();
    for at in [4, 9, 6] {
        let mut row = draw.row(START_MS + at);
        row.key_id = "a".to_owned();
        store.record(bare(row)).await.unwrap();
        store.fold_rollups().await.unwrap();
    }
    assert_eq!(found(&store, "a").await.key.last_used_ms, Some(START_MS + 9));
}
