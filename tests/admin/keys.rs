//! Virtual keys: the secret is shown once, kept as a hash, and never repeated.

use crate::stage::{NOW_MS, Stage};
use serde_json::json;
use sha2::{Digest, Sha256};
use weir_admin::keys::{ID_LENGTH, KEY_PREFIX, SECRET_LENGTH};
use weir_contract::ErrorCode;
use weir_engine::store::KeyStore;

#[tokio::test]
async fn a_key_is_made_listed_and_revoked() {
    let stage = Stage::new().await;
    let created = stage
        .ok("keys.create", json!({"name": " laptop ", "team": "growth"}))
        .await;
    let text = created["secret"].as_str().unwrap();
    let (id, secret) = text.strip_prefix(KEY_PREFIX).unwrap().split_once('-').unwrap();
    assert_eq!((id.len(), secret.len()), (ID_LENGTH, SECRET_LENGTH));
    assert_eq!(created["key"]["name"], "laptop");
    assert_eq!(created["key"]["last_four"], secret[SECRET_LENGTH - 4..]);
    let (_, hash) = stage.store.find_key(id).await.unwrap().unwrap();
    assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(secret.as_bytes())));

    let listed = stage.ok("keys.list", json!({})).await;
    assert!(!listed.to_string().contains(secret), "the secret is shown once");
    let whole = stage.fails("keys.revoke", json!({"id": text})).await;
    assert!(!whole.message.contains(secret), "{whole}");
    let revoked = stage.ok("keys.revoke", json!({"id": id})).await;
    assert_eq!(revoked["revoked_ms"], NOW_MS);
    assert_eq!(stage.live.reloads(), 1);
    assert_eq!(
        stage.fails("keys.revoke", json!({"id": "nothing"})).await.code,
        ErrorCode::NotFound
    );
    let unnamed = stage.fails("keys.create", json!({"name": " ", "team": ""})).await;
    assert_eq!(unnamed.code, ErrorCode::InvalidArgument);
}
