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
    let hash = stage.store.find_key(id).await.unwrap().unwrap().secret_sha256;
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

/// A tenth of a second after the stage's clock.
const SOON_MS: i64 = NOW_MS + 100;

async fn made(stage: &Stage, args: serde_json::Value) -> String {
    let created = stage.ok("keys.create", args).await;
    created["key"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_has_its_own_cap_and_limit_and_shows_what_it_spent() {
    let stage = Stage::new().await;
    let id = made(
        &stage,
        json!({
            "name": "batch", "team": "", "owner": "ana", "expires_ms": SOON_MS,
            "scopes": {"tiers": ["T0"], "endpoints": ["messages"]},
            "limit": {"max_requests": 5, "window_seconds": 60},
            "cap": {"limit_nanousd": 5_000_000_000_i64, "period": "month", "time_zone": "UTC"},
        }),
    )
    .await;
    let mut row = crate::stage::bought(5);
    row.key_id.clone_from(&id);
    stage.record(vec![row]).await;
    stage
        .ok(
            "limits.save",
            json!({"limit": {"name": "per-key", "subject": "key", "max_requests": 9, "window_seconds": 60, "enabled": true}, "expected_version": 0}),
        )
        .await;
    let listed = stage.ok("keys.list", json!({})).await;
    let key = &listed[0];
    assert_eq!(
        (&key["owner"], &key["expires_ms"]),
        (&json!("ana"), &json!(SOON_MS))
    );
    assert_eq!(key["scopes"], json!({"tiers": ["T0"], "endpoints": ["messages"]}));
    assert_eq!(key["fingerprint"].as_str().unwrap().len(), 8);
    assert_eq!(key["month_spent_nanousd"], 1_000_000);
    assert_eq!(key["limits"], json!(["per-key"]));
    assert_eq!(key["caps"][0]["name"], format!("key-{id}"));
    assert_eq!(key["caps"][0]["limit_nanousd"], 5_000_000_000_i64);
    assert!(
        key["caps"][0]["resets_text"]
            .as_str()
            .unwrap()
            .contains("2026-10-01")
    );
    let caps = stage.ok("caps.list", json!({})).await;
    assert_eq!(caps[0]["cap"]["scope"], json!({"kind": "key", "value": id}));

    let wrong = stage
        .fails(
            "keys.create",
            json!({"name": "x", "team": "", "expires_ms": NOW_MS}),
        )
        .await;
    assert!(wrong.message.starts_with("expires_ms: "), "{wrong}");
    let cap = json!({"limit_nanousd": 0, "period": "month", "time_zone": "UTC"});
    let wrong = stage
        .fails("keys.create", json!({"name": "x", "team": "", "cap": cap}))
        .await;
    assert!(wrong.message.contains("limit_nanousd"), "{wrong}");
    assert_eq!(
        stage.ok("keys.list", json!({})).await.as_array().unwrap().len(),
        1,
        "no key without its cap"
    );
}

#[tokio::test]
async fn a_key_is_changed_rotated_and_its_overlap_ended() {
    let stage = Stage::new().await;
    let id = made(&stage, json!({"name": "a", "team": ""})).await;
    let changed = stage
        .ok(
            "keys.update",
            json!({"id": id, "expected_version": 1, "name": "b", "owner": "ben", "team": "red", "scopes": {"models": [" m ", "m"]}, "expires_ms": SOON_MS, "limit": null}),
        )
        .await;
    assert_eq!(
        (&changed["name"], &changed["scopes"]),
        (&json!("b"), &json!({"models": ["m"]}))
    );
    let first = stage.store.find_key(&id).await.unwrap().unwrap();

    let rotated = stage
        .ok("keys.rotate", json!({"id": id, "overlap_seconds": 60}))
        .await;
    let secret = rotated["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with(&format!("{KEY_PREFIX}{id}-")));
    let previous = &rotated["key"]["previous"];
    assert_eq!(previous["until_ms"], NOW_MS + 60_000);
    assert_eq!(previous["fingerprint"], first.key.fingerprint);
    let listed = stage.ok("keys.list", json!({})).await.to_string();
    assert!(
        !listed.contains(secret.rsplit('-').next().unwrap()),
        "the secret is shown once"
    );

    let again = stage
        .fails("keys.rotate", json!({"id": id, "overlap_seconds": 0}))
        .await;
    assert_eq!(again.code, ErrorCode::Conflict);
    assert!(again.message.contains("End the overlap first"), "{again}");
    assert_eq!(
        stage.ok("keys.end_overlap", json!({"id": id})).await["previous"],
        json!(null)
    );
    stage
        .ok("keys.rotate", json!({"id": id, "overlap_seconds": 0}))
        .await;
    stage.ok("keys.revoke", json!({"id": id})).await;
    let revoked = stage
        .fails("keys.rotate", json!({"id": id, "overlap_seconds": 0}))
        .await;
    assert!(revoked.message.contains("revoked"), "{revoked}");
    for name in ["keys.rotate", "keys.update", "keys.end_overlap"] {
        let mut args = json!({"id": "nothing"});
        match name {
            "keys.rotate" => args["overlap_seconds"] = json!(0),
            "keys.update" => {
                args = json!({"id": "nothing", "expected_version": 1, "name": "b", "owner": "", "team": "", "scopes": {}, "expires_ms": null, "limit": null});
            }
            _ => {}
        }
        assert_eq!(stage.fails(name, args).await.code, ErrorCode::NotFound, "{name}");
    }
}
