//! Virtual keys.

use crate::sample::{Draw, START_MS, bare};
use std::sync::Arc;
use weir_contract::model::key::VirtualKey;
use weir_engine::store::{Store, StoreError};

fn key(id: &str, created_ms: i64) -> VirtualKey {
    VirtualKey {
        id: id.to_owned(),
        name: format!("name of {id}"),
        team: "red".to_owned(),
        last_four: "wxyz".to_owned(),
        created_ms,
        revoked_ms: None,
        last_used_ms: None,
    }
}

pub(crate) async fn a_key_comes_back_with_its_hash(store: Arc<dyn Store>) {
    let mut hash = [7; 32];
    hash[0] = 0;
    store.insert_key(&key("a", START_MS), &hash).await.unwrap();
    store.insert_key(&key("b", START_MS + 1), &[9; 32]).await.unwrap();
    assert_eq!(
        store.find_key("a").await.unwrap(),
        Some((key("a", START_MS), hash))
    );
    assert_eq!(store.find_key("c").await.unwrap(), None);
    assert_eq!(
        store.list_keys().await.unwrap(),
        vec![key("b", START_MS + 1), key("a", START_MS)]
    );
}

pub(crate) async fn revoking_keeps_the_first_time(store: Arc<dyn Store>) {
    store.insert_key(&key("a", START_MS), &[7; 32]).await.unwrap();
    let revoked = VirtualKey {
        revoked_ms: Some(START_MS + 5),
        ..key("a", START_MS)
    };
    assert_eq!(
        store.revoke_key("a", START_MS + 5).await.unwrap(),
        Some(revoked.clone())
    );
    assert_eq!(
        store.revoke_key("a", START_MS + 9).await.unwrap(),
        Some(revoked.clone())
    );
    assert_eq!(store.revoke_key("nobody", START_MS).await.unwrap(), None);
    assert_eq!(store.find_key("a").await.unwrap().unwrap().0, revoked);
}

pub(crate) async fn a_taken_id_is_a_conflict(store: Arc<dyn Store>) {
    store.insert_key(&key("a", START_MS), &[7; 32]).await.unwrap();
    let again = store.insert_key(&key("a", START_MS + 1), &[8; 32]).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    assert_eq!(
        store.find_key("a").await.unwrap(),
        Some((key("a", START_MS), [7; 32]))
    );
}

pub(crate) async fn the_last_use_follows_the_requests(store: Arc<dyn Store>) {
    let mut draw = Draw::seeded("the_last_use_follows_the_requests");
    store.insert_key(&key("a", START_MS), &[7; 32]).await.unwrap();
    for at in [4, 9, 6] {
        let mut row = draw.row(START_MS + at);
        row.key_id = "a".to_owned();
        store.record(bare(row)).await.unwrap();
        store.fold_rollups().await.unwrap();
    }
    let used = store.find_key("a").await.unwrap().unwrap().0.last_used_ms;
    assert_eq!(used, Some(START_MS + 9));
}
